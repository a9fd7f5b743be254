// What is compared of the responses of two servers: everything but what differs by its nature.

/** The names and types of a JSON value; Better Auth's memory leaves out what has no value. */
export function shapeOf(value) {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (value === null || typeof value !== "object") return typeof value;
  const names = Object.keys(value).filter((name) => value[name] !== null).sort();
  return Object.fromEntries(names.map((name) => [name, shapeOf(value[name])]));
}

/**
 * Better Auth's cookies, without their values and those of Gatehouse's own. Trusting a browser
 * deletes dont_remember, which nobody here has: Gatehouse deletes it from those who have it.
 */
export function cookiesOf(response) {
  const lines = response.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, ""));
  const theirs = lines.filter((line) => line.startsWith("better-auth."));
  return theirs.filter((line) => !line.startsWith("better-auth.dont_remember; Max-Age=0")).sort();
}
