/** Headers that identify this app to Gatehouse, and the visitor whose request it forwards. */
export function onBehalfOf(visitor: Headers) {
  return {
    "x-gatehouse-key": process.env.GATEHOUSE_KEY ?? "",
    "x-gatehouse-client-ip": visitor.get("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "",
  };
}

/** All the headers that the app's server sends with a request of its own to Gatehouse. */
export function askingFor(visitor: Headers) {
  const cookies = (visitor.get("cookie") ?? "").split("; ");
  const ours = cookies.filter((each) => /^(__Secure-)?(better-auth|gatehouse)\./.test(each));
  return { cookie: ours.join("; "), ...onBehalfOf(visitor) };
}
