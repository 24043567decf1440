export { DeliveryChecker, type DeliveryReader } from './delivery-checker.ts';
export { isViolated, type VerifyReport, verify } from './verify.ts';
