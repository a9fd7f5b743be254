"""The body of a session check, for the servers that have nothing to check."""

SESSION = (
    b'{"session":{"id":"01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8",'
    b'"token":"N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx",'
    b'"userId":"01a203c2-7c93-7407-ab15-d32628a133b6","expiresAt":"2026-11-29T18:01:57.230Z",'
    b'"createdAt":"2026-11-22T18:01:57.230Z","updatedAt":"2026-11-22T18:01:57.230Z",'
    b'"ipAddress":"127.0.0.1","userAgent":"bench","impersonatedBy":null},'
    b'"user":{"id":"01a203c2-7c93-7407-ab15-d32628a133b6","name":"Bench",'
    b'"email":"bench-0000@example.com","emailVerified":false,"image":null,'
    b'"createdAt":"2026-11-22T18:01:57.230Z","updatedAt":"2026-11-22T18:01:57.230Z",'
    b'"role":"user","banned":false,"banReason":null,"banExpires":null}}'
)
