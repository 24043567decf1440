export { DeliveryChecker, type DeliveryReader, type DeliveryReport } from './delivery-checker.ts';
export { isViolated, type VerifyOptions, type VerifyReport, verify } from './verify.ts';
