import { getSessionCookie } from "better-auth/cookies";
import { NextResponse, type NextRequest } from "next/server";
import { onBehalfOf } from "@/lib/gatehouse";

export const config = {
  matcher: ["/api/auth/:path*", "/api/sign-in-methods", "/api/me", "/api/stream", "/account/:path*"],
};

export function proxy(request: NextRequest) {
  if (request.nextUrl.pathname.startsWith("/api/")) return passOn(request);
  // Without a cookie, do not load the page. With one, the page checks whether it is valid.
  if (getSessionCookie(request)) return NextResponse.next();
  // A provider or a link that signs in comes back without one if a second step is due.
  const isHalfway = request.nextUrl.searchParams.has("twoFactorRedirect");
  return NextResponse.redirect(new URL(isHalfway ? "/second-step" : "/sign-in", request.url));
}

function passOn(request: NextRequest) {
  const { pathname, search } = request.nextUrl;
  const headers = new Headers(request.headers);
  // Set both even when they are empty, so that a browser cannot send its own.
  for (const [name, value] of Object.entries(onBehalfOf(request.headers))) headers.set(name, value);
  const target = new URL(pathname + search, process.env.GATEHOUSE_URL);
  return NextResponse.rewrite(target, { request: { headers } });
}
