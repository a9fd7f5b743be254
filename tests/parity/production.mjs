// Better Auth as it is in production; imported before it, as it looks when it is loaded.
process.env.NODE_ENV = "production";
