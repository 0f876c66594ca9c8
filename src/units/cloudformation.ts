/** Functions of CloudFormation templates in their long form, which any reader of YAML takes. */

/** A part of a template. */
export type Node = unknown;

export const ref = (name: string): Node => ({ Ref: name });
export const arnOf = (name: string): Node => ({ 'Fn::GetAtt': [name, 'Arn'] });
export const sub = (text: string): Node => ({ 'Fn::Sub': text });

/** A placeholder that `Fn::Sub` fills in. */
export const hole = (name: string): string => `\${${name}}`;

export const PARTITION = hole('AWS::Partition');
export const ACCOUNT = hole('AWS::AccountId');
