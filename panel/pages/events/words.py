"""Texts of Events."""

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
    "Remove a filter or choose a longer period. Events older than AUDIT_RETENTION_DAYS are deleted."
)
EVERYBODYS = "Show all users' events"
NO_SUCH_MOMENT = "Enter a date such as 2027-01-31, or a date and time such as 2027-01-31 14:30."
NO_SUCH_ADDRESS = (
    "Enter one whole address, such as 203.0.113.7. Networks and parts of an address cannot be "
    "searched for here."
)
NO_SUCH_EMAIL = "Enter the whole e-mail address of a user: parts of one are not found here."
WRONG_WAY_ROUND = "“From” must be earlier than “To”."

# ---- one event
BACK = "All events"
GONE = "This event does not exist."
GONE_HINT = "Events older than AUDIT_RETENTION_DAYS are deleted. Go back to all events."
WHEN, DEVICE, ADDRESS_OF, REQUEST_OF = "When", "Device", "Address", "Request"
ACTOR, SUBJECT, IMPERSONATOR = "Done by", "User", "Impersonated by"
AGENT, SAYS_NOTHING, UNKNOWN_ADDRESS = "User agent", "none", "unknown"
ID, KIND = "Id", "Kind"
NOT_SIGNED_IN = "a visitor who was not signed in, or the server itself"
AS_JSON = "As JSON"
SEE = "See also"
ALL_OF_REQUEST = "All events of this request"
ALL_OF_ADDRESS = "All events from this address"
SESSIONS_OF_ADDRESS = "Sessions from this address"

# ---- the log
LOG = "Log lines of this request"
NO_LINES = "The log has no lines of this request."
NO_LINES_HINT = (
    "Only the latest 2,000 lines of this server process are kept, and successful requests write "
    "none. Look for older lines in your platform's log."
)

# ---- to be filled in
ONLY_OF = Markup("Only events by or about <b>{}</b>.")
ALL_OF = Markup("All events of {}")
