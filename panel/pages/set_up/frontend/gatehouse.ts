/** Tells Gatehouse that this is its frontend, and whose request it passes on. */
export function onBehalfOf(visitor: Headers) {
  return {
    "x-gatehouse-key": process.env.GATEHOUSE_KEY ?? "",
    "x-gatehouse-client-ip": visitor.get("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "",
  };
}

/** The headers with which the app's server asks Gatehouse something itself, and no others. */
export function askingFor(visitor: Headers) {
  const cookies = (visitor.get("cookie") ?? "").split("; ");
  const ours = cookies.filter((each) => /^(__Secure-)?(better-auth|gatehouse)\./.test(each));
  return { cookie: ours.join("; "), ...onBehalfOf(visitor) };
}
