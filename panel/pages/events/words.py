"""What the pages for events say."""

from panel.ui.markup import Markup

TITLE = "Events"
LEAD = "What happened to accounts, newest first. Open an event for its details."
KINDS = "What happened"
EMAIL, EMAIL_HINT = "E-mail", "The whole address of a user"
REQUEST, REQUEST_HINT = "Request id", "From an error message or X-Request-Id"
MORE = "Address and time"
ADDRESS, ADDRESS_HINT = "Address", "203.0.113.7"
SINCE, UNTIL = "From", "To"
SINCE_HINT = "2027-01-31 or 2027-01-31 14:30, in UTC"
UNTIL_HINT = "A date includes the whole day"
NONE = "No events match."
NONE_HINT = (
    "Choose fewer filters or a longer time. Events older than AUDIT_RETENTION_DAYS are deleted."
)
EVERYBODYS = "Show everybody's events"
NO_SUCH_MOMENT = "This is not a day such as 2027-01-31, nor a moment such as 2027-01-31 14:30."
WRONG_WAY_ROUND = "“From” has to be earlier than “To”."

# ---- one event
BACK = "All events"
GONE = "There is no such event."
GONE_HINT = "The trail forgets after a while (AUDIT_RETENTION_DAYS). Go back to all events."
WHEN, DEVICE, ADDRESS_OF, REQUEST_OF = "When", "Device", "Address", "Request"
ACTOR, SUBJECT, IMPERSONATOR = "Done by", "Happened to", "Acting as them"
AGENT, SAYS_NOTHING, UNKNOWN_ADDRESS = "User agent", "nothing", "unknown"
ID, KIND = "Id", "Kind"
NOT_SIGNED_IN = "somebody who was not signed in, or the server itself"
AS_JSON = "As JSON"
SEE = "See also"
ALL_OF_REQUEST = "All events of this request"
ALL_OF_ADDRESS = "All events from this address"
SESSIONS_OF_ADDRESS = "Sessions from this address"

# ---- the log
LOG = "Log lines of this request"
NO_LINES = "The log has no line of this request any more."
NO_LINES_HINT = (
    "Only the latest 2,000 lines of the process that answers are kept, none from before its start, "
    "and requests that went well write none. Older lines are where your platform keeps the log."
)

# ---- to be filled in
ONLY_OF = Markup("Only what <b>{}</b> did, or what was done to them.")
ALL_OF = Markup("All events of {}")
