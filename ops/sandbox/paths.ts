/** The path of a request's URL, without the query. */
export const pathOf = (url: string): string => url.split('?', 1)[0] ?? '';

const healthPath = /^\/(api\/v1\/health|health(\/\w+)?|api\/v1\/public\/(health|ready|live|version))$/;

/** Routes by which a service tells how it is, in all the places the seven have them. */
export const isHealthPath = (path: string): boolean => healthPath.test(path);
