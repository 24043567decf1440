export { DeliveryChecker, type DeliveryReader, type DeliveryReport } from './delivery-checker.ts';
export { type Load, Publishers } from './publishers.ts';
export { Sender } from './sender.ts';
export { isViolated, type VerifyReport, verify } from './verify.ts';
