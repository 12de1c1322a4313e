"""Each problem with Mailcoach's answers, or with the way to the server, as the user reads it.

All such sentences are here and in `input_problems`, and nowhere else. The troubleshooting table of docs/mailcoach.md is
checked against both.
"""

from source_mailcoach.messages.errors import (
    SYSTEM,
    TRANSIENT,
    EndsStream,
    EndsSync,
    MayNotRead,
    NotConnected,
    Problem,
    QueryRefused,
    RateLimited,
)

# Answers of the server ------------------------------------------------------------------------------------------

TOKEN_REFUSED = Problem(
    "{url} refused the API token (401).",
    "Create a new API token in Mailcoach and enter it as the API Token.",
    raises=EndsSync,
)
TOKEN_MAY_NOT_READ = Problem(
    "{url} accepts the API token but does not let it read data (403).",
    'Give the token the permission "All API endpoints", make one under API Tokens if it was made for '
    "Mailcoach's assistant (MCP) alone, use the token of a user who may, or leave this stream out.",
    raises=MayNotRead,
)
ACCOUNT_LOCKED = Problem(
    "{url} has locked this account ({status}).",
    "Check the subscription and the billing of the Mailcoach account.",
    raises=EndsSync,
)
NOT_FOUND = Problem(
    "There is no Mailcoach API at {url} ({status}).",
    "Enter the API Base URL with its full path, such as https://news.example.com/api.",
)
NO_ENDPOINT = Problem(
    "Mailcoach at {url} says that it has no {path}, while it answers for other lists (404).",
    "Make sure that no update of the server is under way, then run the sync again.",
    TRANSIENT,
)
NO_ROW = Problem(
    "Mailcoach at {url} says that there is no {path}, and lists what that belongs to all the same (404).",
    "Make sure that all servers behind this address have the same data, then run the sync again.",
    TRANSIENT,
)
REDIRECTED = Problem(
    "{url} redirects to {location}, and redirects are never followed.",
    "Enter the address at which the API itself answers as the API Base URL.",
)
LOGIN_PAGE = Problem(
    "{url} asks for a login in a web page instead of answering with data.",
    "Enter the address of the API, which ends in /api, and make sure that no sign-on page stands in front of it.",
)
WEB_PAGE = Problem(
    "{url} answers with a web page instead of data.",
    "Enter the address of the API, which ends in /api, not that of the website or of the dashboard.",
)
NOT_MAILCOACH = Problem(
    "{url} answers with JSON that is not Mailcoach's.",
    "Check the API Base URL: something other than Mailcoach answers there.",
)
VERSION_5 = Problem(
    "{url} is Mailcoach version 5, which identifies its rows by numbers instead of uuids.",
    "Upgrade Mailcoach to version 6 or later.",
)
BOT_CHALLENGE = Problem(
    "A bot protection in front of {url} wants this connector to prove that it is a browser ({status}).",
    "Let the address of this machine pass the bot protection, or exempt all paths below /api from it.",
    raises=EndsStream,
)
FIREWALL = Problem(
    "A firewall or proxy in front of {url} refused a request ({status}), which Mailcoach itself never saw.",
    "Let the address of this machine, and all paths below /api, pass the firewall.",
)
PASSWORD_IN_FRONT = Problem(
    "A web server or proxy in front of {url} asks for a login of its own (401).",
    "Exempt all paths below /api from that password protection: the API Token guards them.",
)
TEXT_AROUND = Problem(
    "{url} sends text before or after its data, such as a notice of PHP.",
    "Turn display_errors off in the PHP settings of the Mailcoach server: what it wants to say is in its log.",
)
UNKNOWN_ENCODING = Problem(
    "{url} sends its answers in the compression {encoding}, which this connector did not ask for.",
    "Let the proxy in front of Mailcoach go by the header Accept-Encoding, or turn that compression off for /api.",
)
ANSWERED_INSTEAD = Problem(
    "After good answers of {url} something else answered in the place of Mailcoach, with {seen}.",
    "Run the sync again; if it happens often, look at the proxy, cache or firewall in front of Mailcoach.",
    TRANSIENT,
    retry=True,
)
REFUSED = Problem(
    "{url} refused a request of this connector ({status}).",
    "Look for this request in the log of the Mailcoach server, and report it to the authors of the connector.",
    SYSTEM,
)
QUERY_REFUSED = Problem(
    "{url} refused the way in which this connector sorts or filters a list (400).",
    "Report the version of your Mailcoach to the authors of the connector.",
    SYSTEM,
    raises=QueryRefused,
)
RATE_LIMITED = Problem(
    "{url} allows no more requests for now (429).",
    "Run the sync again later, and let fewer tools use tokens of the same Mailcoach user: they share one limit.",
    TRANSIENT,
    retry=True,
    raises=RateLimited,
)
LIMITED_IN_FRONT = Problem(
    "A firewall or proxy in front of {url} allows no more requests for now (429).",
    "Set Requests Per Minute to what it allows, or let the address of this machine pass that limit.",
    TRANSIENT,
    retry=True,
    raises=RateLimited,
)
SERVER_ERROR = Problem(
    "{url} failed with an internal error (500).",
    "Look into the log of the Mailcoach server, then run the sync again.",
    TRANSIENT,
    retry=True,
)
MAINTENANCE = Problem(
    "{url} is down for maintenance (503).",
    "Run the sync again when Mailcoach is up.",
    TRANSIENT,
    retry=True,
)
GATEWAY_ERROR = Problem(
    "Mailcoach did not answer behind {url} ({status}).",
    "Check that the Mailcoach server and the proxy in front of it are running, then run the sync again.",
    TRANSIENT,
    retry=True,
)
BROKEN_ANSWER = Problem(
    "{url} sent an answer that breaks off in the middle.",
    "Run the sync again; if it happens often, look at the time and memory limits of the Mailcoach server.",
    TRANSIENT,
    retry=True,
)
ANSWER_TOO_LARGE = Problem(
    "{url} sent more than 256 MB for a single page of {path}.",
    "Leave this stream out, or set a Start Date after this campaign: Mailcoach gives all clicks of a link at once.",
)
PAGES_OUT_OF_ORDER = Problem(
    "{url} sent a wrong page of a list: {detail}.",
    "Make sure that no cache stands in front of the API, then run the sync again.",
    TRANSIENT,
)
ROWS_HIDDEN = Problem(
    "{stream} lacks rows: Mailcoach counts {rows} than it gave in repeated readings.",
    "Run the sync again; if it stays so, read the stream incrementally, which replaces no table by one with holes.",
    TRANSIENT,
)
LISTS_NOT_READ = Problem(
    "{stream} could not read {lists}: {cause}.",
    "{cure} The next sync asks for them again.",
    TRANSIENT,
)

# Failures on the way to the server ------------------------------------------------------------------------------

NAME_NOT_FOUND = Problem(
    "The name in {url} cannot be found in the DNS.",
    "Check the spelling of the API Base URL.",
    retry=True,
    raises=EndsSync,
)
DNS_UNAVAILABLE = Problem(
    "The DNS gave no answer for the name in {url}.",
    "Check the network of the machine on which the connector runs, then run the sync again.",
    TRANSIENT,
    retry=True,
    raises=EndsSync,
)
NOT_CONNECTED = Problem(
    "Nothing accepts connections at {url}.",
    "Check the API Base URL, that the server is running, and that a firewall lets this machine reach it.",
    TRANSIENT,
    retry=True,
    raises=NotConnected,
)
NO_LONGER_CONNECTED = Problem(
    "{url} has answered before, and accepts no more connections now.",
    "What was read is kept: run the sync again when the server is up, and it goes on there.",
    TRANSIENT,
    raises=EndsSync,
)
CONNECTION_LOST = Problem(
    "The connection to {url} was lost in the middle of an answer.",
    "Run the sync again; if it happens often, look at the network and at the limits of the Mailcoach server.",
    TRANSIENT,
    retry=True,
)
TIMEOUT = Problem(
    "{url} did not answer in time.",
    "Check that the server is up and not overloaded, then run the sync again.",
    TRANSIENT,
    retry=True,
)
CERTIFICATE_EXPIRED = Problem(
    "The TLS certificate of {url} has expired.",
    "Renew it on the server, and check the clock of this machine if browsers call it valid.",
    raises=EndsSync,
)
CERTIFICATE_NOT_YET_VALID = Problem(
    "The TLS certificate of {url} is not valid yet.",
    "Check the clock of this machine, and from when on the certificate on the server is valid.",
    raises=EndsSync,
)
CERTIFICATE_OF_OTHER_HOST = Problem(
    "The TLS certificate of {url} is made out for another host name.",
    "Enter the name that the certificate is for as the host of the API Base URL, or install one for this name.",
    raises=EndsSync,
)
CERTIFICATE_ISSUER_UNKNOWN = Problem(
    "The TLS certificate of {url} is signed by nobody whom this connector trusts.",
    "Install the certificate with its whole chain; if your own authority signs it, name a file with that one's "
    "certificate in REQUESTS_CA_BUNDLE (see Hosts and networks).",
    raises=EndsSync,
)
CERTIFICATE_INVALID = Problem(
    "The TLS certificate of {url} is not valid ({detail}).",
    "Install a valid certificate, with its whole chain, on the server.",
    raises=EndsSync,
)
CA_FILE = Problem(
    "{url} was not asked, since the file of certificates that REQUESTS_CA_BUNDLE names cannot be used.",
    "Check that it is mounted into the container, that its user may read it, and that it holds certificates as PEM.",
    raises=EndsSync,
)
TLS_TOO_OLD = Problem(
    "{url} and this connector have no version of TLS and no cipher in common.",
    "Let the server speak TLS 1.2 or 1.3 with the ciphers of today.",
    raises=EndsSync,
)
TLS_NOT_SPOKEN = Problem(
    "{url} does not speak TLS at this port.",
    "Check the port of the API Base URL, and that the server answers https there.",
    raises=EndsSync,
)
TLS_FAILED = Problem(
    "No secure connection to {url} is possible ({detail}).",
    "Check the TLS settings of the server and of what stands in front of it.",
    raises=EndsSync,
)
PROXY_FAILED = Problem(
    "The proxy between this machine and {url} failed.",
    "Check the proxy in the environment variables HTTPS_PROXY and HTTP_PROXY.",
    TRANSIENT,
    retry=True,
)
PROXY_UNUSABLE = Problem(
    "The proxy that the environment names for {url} is none that this connector can use.",
    "Set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY to one like http://proxy.example.com:3128; SOCKS is not supported.",
    raises=EndsSync,
)
PROXY_LOGIN = Problem(
    "The proxy between this machine and {url} asks for a user name and password (407).",
    "Put them into HTTPS_PROXY, like http://user:password@proxy.example.com:3128, or correct them there.",
    raises=EndsSync,
)
PROXY_REFUSED = Problem(
    "The proxy between this machine and {url} does not let it reach that host ({status}).",
    "Allow the host in the rules of the proxy, or name it in NO_PROXY if it can be reached without.",
    raises=EndsSync,
)
NOT_SENT = Problem(
    "A request to {url} could not be sent ({detail}).",
    "Report this to the authors of the connector.",
    SYSTEM,
)
