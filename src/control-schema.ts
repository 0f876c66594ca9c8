/**
 * The keys of the configuration that say what of the network is meant to be: services that are allowed,
 * and what stores card data.
 */
import { z } from 'zod';
import { canonicalAddress } from './address.ts';
import { protocolNumber } from './protocol.ts';

/** A range as reports compare it: the address in its canonical spelling. */
const cidr = z.string().transform((text, context) => {
  const [, address = '', bits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const canonical = canonicalAddress(address);
  if (canonical === undefined || Number(bits) > (canonical.includes(':') ? 128 : 32)) {
    context.addIssue({ code: 'custom', message: 'must be a range such as 203.0.113.0/24' });
    return z.NEVER;
  }
  return `${canonical}/${Number(bits)}`;
});

const ports = z
  .union([z.number().int(), z.string()])
  .transform(String)
  .refine((text) => {
    const [first, last] = (/^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []).slice(1);
    if (first === undefined) return false;
    return Number(first) <= Number(last ?? first) && Number(last ?? first) <= 65_535;
  }, 'must be a port such as 443, or a range such as 8000-8100')
  .describe('A port, or a range such as "8000-8100"');

const texts = z.array(z.string().min(1)).min(1);

const allowedService = z.strictObject({
  scope: z.string().optional().describe('Name of the scope; every scope if absent'),
  direction: z
    .enum(['inbound', 'outbound'])
    .describe('Who opens the connection: the other side (inbound) or the scope (outbound)'),
  protocol: z
    .union([z.number().int(), z.string()])
    .transform(String)
    .refine((name) => protocolNumber(name) !== undefined, 'must be tcp, udp, icmp, or a number')
    .optional()
    .describe('tcp, udp, icmp, or a number; any if absent'),
  ports: z.array(ports).min(1).optional().describe('Ports of the side that answers; any if absent'),
  peers: z
    .strictObject({
      cidr: z.array(cidr).min(1).optional(),
      scope: texts.optional().describe('Names of scopes'),
      prefix_list: texts.optional().describe('Ids of prefix lists that the inventory holds'),
    })
    .refine((peers) => Object.keys(peers).length > 0, 'needs at least one key')
    .optional()
    .describe('The other side, any of these; everyone if absent'),
  justification: z.string().min(1).describe('The business need'),
  approved_by: z.string().min(1).describe('Who approved it, or the record of the approval'),
});

export const allowedServices = z
  .array(allowedService)
  .default([])
  .describe('Services that are allowed into and out of the scopes, with their approval');

/** Kinds of owners of interfaces that hold data, as `network_interface.owner_kind` names them. */
const STORES = ['rds', 'rds_proxy', 'redshift', 'elasticache', 'opensearch', 'dax', 'efs'];

export const cardDataStores = z
  .strictObject({
    owner_kinds: z
      .array(z.string().min(1))
      .default(STORES)
      .describe('Kinds of owners of interfaces, as network_interface.owner_kind names them'),
    tag: z
      .record(z.string(), z.string())
      .optional()
      .describe('Tags of the interface, its instance, subnet or VPC; any of them'),
  })
  .prefault({})
  .describe('Which interfaces in scope are of systems that store card data');
