/**
 * Makes the JSON Schemas of OCSF's classes that the tests judge `ocsf.json` and the views of OCSF by, from
 * the published metaschema: a checkout of ocsf/ocsf-schema at version 1.5.0.
 *
 *   npx tsx scripts/ocsf-schema.ts path/to/ocsf-schema
 *
 * Each class with its profiles and the objects listed is there whole: every attribute with its type,
 * enumeration and requirement. An attribute of another object is refused, so that using one means listing
 * its object here. Nothing but the attributes of the class is allowed anywhere. What only a profile adds is
 * never required: whether an event applies it is said by its metadata.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '1.5.0';
const FOLDER = join(import.meta.dirname, '..', 'test', 'schemas');

type Excerpt = {
  file: string;
  folder: string;
  category: string;
  profiles: readonly string[];
  objects: readonly string[];
};

const EXCERPTS: readonly Excerpt[] = [
  {
    file: 'compliance_finding',
    folder: 'events/findings',
    category: 'findings',
    profiles: [],
    objects: [
      ...['compliance', 'evidences', 'finding_info', 'metadata', 'product', 'resource_details'],
    ],
  },
  {
    file: 'network_activity',
    folder: 'events/network',
    category: 'network',
    profiles: ['cloud', 'security_control'],
    objects: [
      ...['account', 'cloud', 'feature', 'metadata', 'network_connection_info'],
      ...['network_endpoint', 'network_traffic', 'product'],
    ],
  },
  {
    file: 'detection_finding',
    folder: 'events/findings',
    category: 'findings',
    profiles: ['cloud', 'security_control'],
    objects: [
      ...['account', 'actor', 'analytic', 'cloud', 'evidences', 'feature', 'finding_info'],
      ...['metadata', 'network_connection_info', 'network_endpoint', 'product'],
      ...['resource_details', 'user'],
    ],
  },
];

/** The excerpt that is being made. */
let excerpt: Excerpt;

type Attribute = {
  type?: string;
  is_array?: boolean;
  requirement?: string;
  profile?: string | null;
  enum?: Record<string, { caption: string }>;
};

type Definition = {
  name: string;
  caption: string;
  uid?: number;
  extends?: string;
  category?: string;
  attributes?: Record<string, Attribute> & { $include?: string[] };
  constraints?: { at_least_one?: string[]; just_one?: string[] };
};

type Type = {
  type?: string;
  regex?: string;
  max_len?: number;
  range?: [number, number];
  values?: unknown[];
};

type Schema = Record<string, unknown>;

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error('name the folder of ocsf-schema at version 1.5.0');

function read<T>(path: string): T {
  return JSON.parse(readFileSync(join(root ?? '', path), 'utf8')) as T;
}

const version = read<{ version: string }>('version.json').version;
if (version !== VERSION) throw new Error(`${root} is of version ${version}, not ${VERSION}`);

const dictionary = read<{
  attributes: Record<string, Attribute>;
  types: { attributes: Record<string, Type> };
}>('dictionary.json');
const categories = read<{ attributes: Record<string, { uid: number; caption: string }> }>(
  'categories.json',
);

/** What stands later wins; enumerations add up. */
function merged(base: Attribute | undefined, own: Attribute): Attribute {
  const result = { ...base, ...own };
  if (base?.enum || own.enum) result.enum = { ...base?.enum, ...own.enum };
  return result;
}

/** Attributes with those of what it extends and, marked as such, of the profiles that it includes. */
function attributesOf(definition: Definition, folder: string): Record<string, Attribute> {
  const { $include: includes = [], ...own } = definition.attributes ?? {};
  const result: Record<string, Attribute> = {};
  const parent = definition.extends;
  if (parent !== undefined) {
    const [path] = [`${folder}/${parent}.json`, `events/${parent}.json`].filter((candidate) =>
      existsSync(join(root ?? '', candidate)),
    );
    if (path === undefined) throw new Error(`${definition.name} extends unknown ${parent}`);
    Object.assign(result, attributesOf(read<Definition>(path), folder));
  }
  for (const include of includes) {
    const profile = read<Definition>(include);
    for (const [name, attribute] of Object.entries(profile.attributes ?? {})) {
      result[name] = merged(result[name], { ...attribute, profile: profile.name });
    }
  }
  for (const [name, attribute] of Object.entries(own)) {
    result[name] = merged(result[name], attribute);
  }
  return result;
}

function scalarSchema(name: string): Schema {
  const type = dictionary.types.attributes[name];
  if (!type) throw new Error(`unknown type ${name}`);
  if (name === 'json_t') return {};
  const base = type.type ?? name;
  const own: Schema = {
    ...(type.regex === undefined ? {} : { pattern: type.regex }),
    ...(type.max_len === undefined ? {} : { maxLength: type.max_len }),
    ...(type.range === undefined ? {} : { minimum: type.range[0], maximum: type.range[1] }),
  };
  if (base === 'boolean_t') return { type: 'boolean' };
  if (base === 'integer_t' || base === 'long_t') return { type: 'integer', ...own };
  if (base === 'float_t') return { type: 'number', ...own };
  if (base === 'string_t') return { type: 'string', ...own };
  throw new Error(`type ${name} rests on unknown ${base}`);
}

function attributeSchema(attribute: Attribute): Schema {
  const { type = '', enum: values } = attribute;
  const one = ((): Schema => {
    if (type === 'object') return { type: 'object' };
    if (excerpt.objects.includes(type)) return { $ref: `#/definitions/${type}` };
    if (!type.endsWith('_t')) return { $comment: `object ${type} is not in this excerpt`, not: {} };
    const scalar = scalarSchema(type);
    if (!values) return scalar;
    const keys = Object.keys(values);
    return { ...scalar, enum: scalar.type === 'integer' ? keys.map(Number) : keys };
  })();
  return attribute.is_array ? { type: 'array', items: one } : one;
}

/** The schema of a class or an object, without what only other profiles add. */
function definitionSchema(definition: Definition, attributes: Record<string, Attribute>): Schema {
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const name of Object.keys(attributes).sort()) {
    const attribute = merged(dictionary.attributes[name], attributes[name] ?? {});
    const { profile } = attribute;
    if (typeof profile === 'string' && !excerpt.profiles.includes(profile)) continue;
    properties[name] = attributeSchema(attribute);
    if (attribute.requirement === 'required' && typeof profile !== 'string') required.push(name);
  }
  const { at_least_one: some, just_one: one } = definition.constraints ?? {};
  return {
    title: definition.caption,
    type: 'object',
    properties,
    required,
    additionalProperties: false,
    ...(some ? { anyOf: some.map((name) => ({ required: [name] })) } : {}),
    ...(one ? { oneOf: one.map((name) => ({ required: [name] })) } : {}),
  };
}

function objectSchema(name: string): Schema {
  const definition = read<Definition>(`objects/${name}.json`);
  // Constraints come down from what an object extends.
  let { constraints } = definition;
  for (let parent = definition.extends; parent !== undefined && constraints === undefined; ) {
    const above: Definition = read<Definition>(`objects/${parent}.json`);
    constraints = above.constraints;
    parent = above.extends;
  }
  return definitionSchema(
    { ...definition, ...(constraints ? { constraints } : {}) },
    attributesOf(definition, 'objects'),
  );
}

/** The ids that the metaschema leaves to be worked out: category, class, and class with activity. */
function withIds(definition: Definition, attributes: Record<string, Attribute>): typeof attributes {
  const category = categories.attributes[excerpt.category];
  if (!category || definition.uid === undefined) throw new Error('the class has no number');
  const classId = category.uid * 1000 + definition.uid;
  const activities = {
    ...dictionary.attributes.activity_id?.enum,
    ...attributes.activity_id?.enum,
  };
  const fixed = (name: string, values: readonly (readonly [number, string])[]): Attribute => ({
    ...attributes[name],
    enum: Object.fromEntries(values.map(([id, caption]) => [String(id), { caption }])),
  });
  return {
    ...attributes,
    category_uid: fixed('category_uid', [[category.uid, category.caption]]),
    class_uid: fixed('class_uid', [[classId, definition.caption]]),
    type_uid: fixed(
      'type_uid',
      Object.entries(activities).map(([id, { caption }]) => [classId * 100 + Number(id), caption]),
    ),
  };
}

for (const one of EXCERPTS) {
  excerpt = one;
  const { file, folder, objects } = one;
  const definition = read<Definition>(`${folder}/${file}.json`);
  const name = `ocsf-${VERSION}-${file.replaceAll('_', '-')}`;
  const attributes = withIds(definition, attributesOf(definition, folder));
  const classId = Object.keys(attributes.class_uid?.enum ?? {}).join();
  const profiles =
    one.profiles.length === 0 ? 'without profiles' : `with the profiles ${one.profiles.join(', ')}`;
  const schema: Schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: name,
    $comment:
      'Derived by scripts/ocsf-schema.ts from the metaschema of the Open Cybersecurity Schema Framework ' +
      '1.5.0 (https://github.com/ocsf/ocsf-schema, branch v1.5.0; Copyright OCSF a Series of LF Projects, LLC), licensed ' +
      `under the Apache License 2.0. Class ${classId} ${profiles}, and the objects that flowproof uses.`,
    ...definitionSchema(definition, attributes),
    definitions: Object.fromEntries(objects.map((object) => [object, objectSchema(object)])),
  };
  writeFileSync(join(FOLDER, `${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
