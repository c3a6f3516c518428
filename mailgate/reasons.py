"""The closed set of reason tokens: why a mail was screened, placed or set aside.

Each decision about a mail carries one of these; they are stored, logged and explained.
"""

from __future__ import annotations

from enum import StrEnum


class Screen(StrEnum):
    """What an incoming mail is."""

    HUMAN = "human"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto-reply"
    BULK = "bulk"
    LOOP = "loop"


class Reason(StrEnum):
    """Why. The comment after each token is what `explain` says."""

    # screening
    OWN_MESSAGE_ID = "own-message-id"  # its Message-ID is signed by this desk
    DELIVERY_REPORT = "delivery-report"  # multipart/report with a delivery status
    FEEDBACK_REPORT = "feedback-report"  # an abuse report (ARF)
    NULL_SENDER_REPORT = "null-sender-report"  # null reverse path and the look of a bounce
    AUTO_SUBMITTED_REPLIED = "auto-submitted-replied"
    AUTO_SUBMITTED_GENERATED = "auto-submitted-generated"
    DISPOSITION_NOTIFICATION = "disposition-notification"
    DELIVERY_RECEIPT = "delivery-receipt"  # a delivery status report without a failed recipient
    CALENDAR_REPLY = "calendar-reply"
    REACTION = "reaction"  # an emoji as an answer: Gmail's part, or Outlook's one line
    VACATION_HEADER = "vacation-header"  # X-Autoreply, X-Autorespond and their kin
    VACATION_SUBJECT = "vacation-subject"
    VACATION_TEXT = "vacation-text"  # its author says to be away, and another sign says that a machine says it
    ACKNOWLEDGEMENT = "acknowledgement"  # it says that another desk received something, and a machine says it
    NULL_SENDER = "null-sender"
    PRECEDENCE = "precedence"
    LIST_HEADER = "list-header"
    AGGREGATE_REPORT = "aggregate-report"  # of DMARC or TLS, by its subject
    HELP_DESK = "help-desk"  # it begins as the notices of help desks do, or their program made it
    ROBOT_SENDER = "robot-sender"  # mailer-daemon@, noreply@
    NO_MACHINE_SIGN = "no-machine-sign"  # nothing says that a machine wrote it
    # threading
    REPLY_KEY = "reply-key"
    ADDRESS_KEY = "address-key"
    REF_LINE = "ref-line"
    ANCHOR = "anchor"
    KNOWN_MESSAGE_ID = "known-message-id"
    SUBJECT_TOKEN = "subject-token"
    QUOTED_TOKEN = "quoted-token"  # it stands in a notice of ours that is quoted below the answer
    STRANGER = "stranger"  # a ticket is named, but the sender is not on it
    TICKET_GONE = "ticket-gone"
    NOT_REMEMBERED = "not-remembered"  # it answers a mail of ours that this database does not know
    JOINED = "joined"  # a rule's `join`: the same requester, the same subject apart from digits
    NAMED_BY_COMMAND = "named-by-command"  # `#ticket N`
    NOTHING_NAMES_A_TICKET = "nothing-names-a-ticket"
    TOO_OLD_TO_REOPEN = "too-old-to-reopen"
    # ends
    CONFIRMED = "confirmed"  # released a held mail
    COLLISION = "collision"  # a colleague's reply is newer than what the answer answers
    MORE_READERS = "more-readers"  # a reply would reach somebody whom the answered notice did not name
    ANSWERS_WITHIN = "answers-within"  # what an agent wrote into the copied mail would be lost
    LEAK = "leak"  # a public reply holds what seems internal to the desk
    REFUSED = "refused"  # a command that may not be done, or cannot be
    DUPLICATE = "duplicate"
    LIMIT = "limit"
    BANNED = "banned"  # an agent banned its sender with #ban
    SPAM = "spam"  # a mail server marked it
    UNREADABLE = "unreadable"
    POISON = "poison"  # three tries failed
    UNPROVEN_AGENT = "unproven-agent"
    TRUST_REFUSED = "trust-refused"  # the same, where `[trust] otherwise = "refuse"`
    RULE_DROP = "rule-drop"
    RULE_REJECT = "rule-reject"
    AUTO_REPLY_WITHOUT_TICKET = "auto-reply-without-ticket"
    POSTMASTER = "postmaster"  # mail to postmaster@, which is the administrator's
    POSTMASTER_LIMIT = "postmaster-limit"  # more of it than is passed on within an hour
    BOUNCE_UNMATCHED = "bounce-unmatched"
