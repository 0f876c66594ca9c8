/** The key of the configuration that says where the figures of each run go: `metrics`. */
import { z } from 'zod';

export const metrics = z
  .strictObject({
    prometheus: z
      .string()
      .regex(/\.prom$/, 'must end in .prom: the textfile collector of node_exporter reads no other')
      .optional()
      .describe('File in the Prometheus text format, written anew by each run'),
    cloudwatch_emf: z
      .string()
      .min(1)
      .optional()
      .describe('File that each run adds a line in the Embedded Metric Format to, or stdout'),
    namespace: z
      .string()
      .regex(/^(?!AWS\/)[A-Za-z0-9._/#:-]{1,255}$/, 'must be a CloudWatch namespace')
      .default('flowproof')
      .describe('Namespace in CloudWatch'),
  })
  .refine(
    (entry) => entry.prometheus !== undefined || entry.cloudwatch_emf !== undefined,
    'needs prometheus or cloudwatch_emf',
  )
  .optional()
  .describe('Where the figures of each run are written');
