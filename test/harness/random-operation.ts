import type { GraphQLArgument, GraphQLCompositeType, GraphQLField, GraphQLInputType, GraphQLSchema } from 'graphql';
import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isUnionType,
  parse,
  validate,
} from 'graphql';
import type { Random } from '#ops/sandbox/faults/random.ts';
import { chance, pick, upTo } from './random.ts';

export type RandomOperation = { readonly text: string; readonly variables: Readonly<Record<string, unknown>> };

type Options = {
  readonly schema: GraphQLSchema;
  readonly random: Random;
  /** Levels of objects below a root field. */
  readonly depth: number;
  /** A value for an argument that is neither enum nor number nor boolean, by its name and type. */
  readonly given?: (argument: string, type: string) => unknown;
  /** Root fields and others that are left alone, as `Query.field`. */
  readonly leaveOut?: ReadonlySet<string>;
  /** Asks for the type of every object. */
  readonly typenames?: boolean;
};

type Field = GraphQLField<unknown, unknown>;

const isObject = ({ type }: Field): boolean => isCompositeType(getNamedType(type));

const directives = [
  '@include(if: $yes)',
  '@include(if: $no)',
  '@skip(if: $yes)',
  '@skip(if: $no)',
  '@skip(if: false)',
  '@include(if: true)',
  '@skip(if: true)',
];

/**
 * A valid query of any schema: fields under aliases or not and more than once, in fragments with names and without, on their
 * own type, on interfaces and unions around it, skipped and included by variables and by literals.
 */
export function randomOperation(options: Options): RandomOperation {
  for (;;) {
    const operation = attempt(options);
    // The same name for different fields is found by validation alone.
    if (validate(options.schema, parse(operation.text)).length === 0) return operation;
  }
}

function attempt({
  schema,
  random,
  depth: levels,
  given = (argument) => argument,
  leaveOut = new Set(),
  typenames = false,
}: Options): RandomOperation {
  const fragments: string[] = [];
  const definitions = ['$yes: Boolean!', '$no: Boolean = false'];
  const variables: Record<string, unknown> = { yes: chance(random, 50), ...(chance(random, 50) && { no: chance(random, 50) }) };
  let names = 0;

  function input({ name, type }: GraphQLArgument): string {
    const value = inputValue(name, type);
    const isPlain = !JSON.stringify(value).includes('{');
    if (isPlain && chance(random, 50)) return literal(value, type);
    const variable = `v${names++}`;
    definitions.push(`$${variable}: ${type}`);
    variables[variable] = value;
    return `$${variable}`;
  }

  function inputValue(name: string, type: GraphQLInputType): unknown {
    if (isNonNullType(type)) return inputValue(name, type.ofType);
    if (isListType(type)) return [inputValue(name, type.ofType)];
    const named = getNamedType(type);
    if (isEnumType(named)) return pick(random, named.getValues()).name;
    if (named.name === 'Int') return 1 + upTo(random, 4);
    if (named.name === 'Boolean') return chance(random, 50);
    return isInputObjectType(named) ? {} : given(name, named.name);
  }

  const literal = (value: unknown, type: GraphQLInputType): string =>
    isEnumType(getNamedType(type)) ? JSON.stringify(value).replaceAll('"', '') : JSON.stringify(value);

  function inputs({ args }: Field): string {
    const chosen = args.filter((argument) => isRequiredArgument(argument) || chance(random, 40));
    return chosen.length === 0 ? '' : `(${chosen.map((argument) => `${argument.name}: ${input(argument)}`).join(', ')})`;
  }

  function field(wanted: Field, depth: number): string {
    const arguments_ = inputs(wanted);
    const alias =
      arguments_ !== '' || chance(random, 25)
        ? `${chance(random, 5) ? 'constructor' : 'a'}${chance(random, 5) ? '' : names++}: `
        : '';
    const type = getNamedType(wanted.type);
    return `${alias}${wanted.name}${arguments_} ${directive()} ${isCompositeType(type) ? set(type, depth - 1) : ''}`;
  }

  const directive = (): string => (chance(random, 12) ? pick(random, directives) : '');

  function set(type: GraphQLCompositeType, depth: number): string {
    const own = fieldsOf(type, depth).map((one) => wrapped(type, field(one, depth)));
    const narrowed = depth > 0 && chance(random, isAbstractType(type) ? 85 : 10) ? narrow(type, depth) : [];
    const all = [...typename(), ...own, ...narrowed];
    return `{ ${all.length === 0 ? '__typename' : all.join(' ')} }`;
  }

  function typename(): readonly string[] {
    if (typenames) return ['__typename'];
    if (!chance(random, 30)) return [];
    return [chance(random, 30) ? `t${names++}: __typename` : '__typename'];
  }

  function fieldsOf(type: GraphQLCompositeType, depth: number): readonly Field[] {
    const all = isUnionType(type) ? [] : Object.values(type.getFields());
    const fields = all.filter(({ name }) => !leaveOut.has(`${type.name}.${name}`));
    const objects = depth > 0 ? fields.filter(isObject) : [];
    const leaves = fields.filter((one) => !isObject(one) && chance(random, 45));
    if (objects.length === 0) return leaves;
    return [...leaves, ...Array.from({ length: 1 + upTo(random, 2) }, () => pick(random, objects))];
  }

  /** Fragments on types that an object of this one may also be of. */
  function narrow(type: GraphQLCompositeType, depth: number): readonly string[] {
    const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
    const around = Object.values(schema.getTypeMap()).filter(
      (one) => isAbstractType(one) && possible.some((member) => schema.isSubType(one, member)),
    ) as GraphQLCompositeType[];
    const candidates = [...possible, ...(chance(random, 30) ? around : [])];
    return Array.from({ length: 1 + upTo(random, 1) }, () => {
      const on = pick(random, candidates);
      return `... on ${on.name} ${directive()} ${set(on, depth - 1)}`;
    });
  }

  function wrapped({ name: type }: GraphQLCompositeType, text: string): string {
    if (chance(random, 8)) return `... ${chance(random, 50) ? `on ${type}` : ''} ${directive()} { ${text} }`;
    if (!chance(random, 8)) return text;
    const fragment = `F${fragments.length}`;
    fragments.push(`fragment ${fragment} on ${type} { ${text} }`);
    return Array.from({ length: 1 + upTo(random, 1) }, () => `...${fragment} ${directive()}`).join(' ');
  }

  const query = schema.getQueryType();
  if (query == null) throw new Error('The schema has no query type.');
  const selections = set(query, levels);
  return { text: [`query Random(${definitions.join(', ')}) ${selections}`, ...fragments].join('\n'), variables };
}
