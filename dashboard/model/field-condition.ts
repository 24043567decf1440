/** A condition on one field of an event's data, as the address has it: `where=sentiment.score~lt~0`. */
export interface FieldCondition {
  readonly path: string;
  readonly operator: Operator;
  readonly value: string;
}

export const OPERATORS = { is: 'is', has: 'contains', lt: 'is below', gt: 'is above' } as const;
export type Operator = keyof typeof OPERATORS;

export function readCondition(text: string | null): FieldCondition | null {
  const [path = '', operator = '', ...value] = text?.split('~') ?? [];
  return path !== '' && isOperator(operator) ? { path, operator, value: value.join('~') } : null;
}

export function writeCondition(condition: FieldCondition | null): string | null {
  return condition && `${condition.path}~${condition.operator}~${condition.value}`;
}

export function isOperator(text: string): text is Operator {
  return Object.hasOwn(OPERATORS, text);
}

/** Tells if data meets the condition. While no value is given, any data with the field does. */
export function meets(data: unknown, { path, operator, value }: FieldCondition): boolean {
  let found = data;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return false;
    found = Reflect.get(found, name);
  }
  if (value === '') return true;
  const text = found instanceof Date ? found.toISOString() : String(found);
  switch (operator) {
    case 'is':
      return text === value;
    case 'has':
      return text.toLowerCase().includes(value.toLowerCase());
    case 'lt':
      return compare(text, value) < 0;
    case 'gt':
      return compare(text, value) > 0;
  }
}

/** Numbers by their size, everything else, such as dates, by its letters. */
function compare(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  return Number.isNaN(difference) ? (a < b ? -1 : a > b ? 1 : 0) : difference;
}
