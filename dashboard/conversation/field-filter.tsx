import type { ReactNode } from 'react';
import {
  FIELD_OPERATORS,
  type FieldCondition,
  type FieldOperator,
  isFieldOperator,
} from '../model/filters.ts';
import type { Field } from '../model/schema.ts';
import { setFilters } from '../state/url-state.ts';

interface FieldFilterProps {
  fields: readonly Field[];
  condition: FieldCondition | null;
}

/** A condition on a field that the server's schema names. */
export function FieldFilter({ fields, condition }: FieldFilterProps): ReactNode {
  const change = (part: Partial<FieldCondition>): void =>
    setFilters(() => ({ field: condition && { ...condition, ...part } }));
  const choose = (path: string): void => {
    const field = fields.find((each) => each.path === path);
    const operator = field?.values ? 'is' : 'has';
    setFilters(() => ({ field: field ? { path, operator, value: '' } : null }));
  };
  const values = fields.find(({ path }) => path === condition?.path)?.values;
  return (
    <div className="field-filter">
      <label className="select small">
        <span className="hidden">Field</span>
        <select value={condition?.path ?? ''} onChange={({ target }) => choose(target.value)}>
          <option value="">Any field</option>
          {fields.map(({ path }) => (
            <option key={path}>{path}</option>
          ))}
        </select>
      </label>
      {condition && (
        <>
          <label className="select small">
            <span className="hidden">Comparison</span>
            <select
              value={condition.operator}
              onChange={({ target }) => isFieldOperator(target.value) && change({ operator: target.value })}
            >
              {(Object.keys(FIELD_OPERATORS) as FieldOperator[]).map((operator) => (
                <option key={operator} value={operator}>
                  {FIELD_OPERATORS[operator]}
                </option>
              ))}
            </select>
          </label>
          {values ? (
            <label className="select small">
              <span className="hidden">Value</span>
              <select value={condition.value} onChange={({ target }) => change({ value: target.value })}>
                <option value="">anything</option>
                {values.map((value) => (
                  <option key={value}>{value}</option>
                ))}
              </select>
            </label>
          ) : (
            <label className="field grow">
              <span className="hidden">Value</span>
              <input
                value={condition.value}
                placeholder="Value"
                onChange={({ target }) => change({ value: target.value })}
              />
            </label>
          )}
        </>
      )}
    </div>
  );
}
