"""What can go wrong that a person can do something about, each with its own sentence.

This is the one place for these sentences. The troubleshooting table of docs/mailcoach.md is checked against it.
"""

from dataclasses import dataclass
from typing import Literal

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

Absent = Literal["row", "endpoint"] | None
CONFIG, TRANSIENT, SYSTEM = FailureType.config_error, FailureType.transient_error, FailureType.system_error


@dataclass(frozen=True)
class Problem:
    """A failure as the person who set up the connection sees it.

    `what` and `do` may hold placeholders, filled in by `MailcoachError`. `retry` says whether the same request can
    succeed a little later, `everywhere` that no other stream will do better.
    """

    what: str
    do: str
    failure_type: FailureType = CONFIG
    retry: bool = False
    everywhere: bool = False


class MailcoachError(AirbyteTracedException):
    """A `Problem` that has occurred. Its message is one sentence on what is wrong and one on what to do.

    One that came after good answers can be `passing`: it is transient then, and worth as many tries as the patience
    of the client allows. One that is merely in doubt is worth so many `tries`. `absent` is set if Mailcoach itself says
    that what was asked for is not there (404), a row in the path or the endpoint: whoever asked for it weighs that, and
    tries again if need be. `wait` is how many seconds the
    server wants to be left alone, if it says so.
    """

    def __init__(
        self, problem: Problem, *, passing: bool = False, tries: int = 1, absent: Absent = None, **details: object
    ) -> None:
        self.problem = problem
        self.what = problem.what.format(**details)
        self.retry = (problem.retry or passing) and absent is None
        self.tries = tries
        self.absent = absent
        self.wait: float | None = None
        message = f"{self.what} {problem.do.format(**details)}"
        failure_type = TRANSIENT if passing else problem.failure_type
        super().__init__(internal_message=message, message=message, failure_type=failure_type)

    def __repr__(self) -> str:
        """The CDK puts this into its list of what has failed."""
        return str(self.message)


# Answers of the server ------------------------------------------------------------------------------------------

TOKEN_REFUSED = Problem(
    "{url} refused the API token (401).",
    "Create a new API token in Mailcoach and enter it as the API Token.",
    everywhere=True,
)
TOKEN_MAY_NOT_READ = Problem(
    "{url} accepts the API token but does not let it read data (403).",
    'Give the token the permission "All API endpoints", make one under API Tokens if it was made for '
    "Mailcoach's assistant (MCP) alone, use the token of a user who may, or leave this stream out.",
)
ACCOUNT_LOCKED = Problem(
    "{url} has locked this account ({status}).",
    "Check the subscription and the billing of the Mailcoach account.",
    everywhere=True,
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
)
RATE_LIMITED = Problem(
    "{url} allows no more requests for now (429).",
    "Run the sync again later, and let fewer tools use tokens of the same Mailcoach user: they share one limit.",
    TRANSIENT,
    retry=True,
)
LIMITED_IN_FRONT = Problem(
    "A firewall or proxy in front of {url} allows no more requests for now (429).",
    "Set Requests Per Minute to what it allows, or let the address of this machine pass that limit.",
    TRANSIENT,
    retry=True,
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
    everywhere=True,
)
DNS_UNAVAILABLE = Problem(
    "The DNS gave no answer for the name in {url}.",
    "Check the network of the machine on which the connector runs, then run the sync again.",
    TRANSIENT,
    retry=True,
    everywhere=True,
)
NOT_CONNECTED = Problem(
    "Nothing accepts connections at {url}.",
    "Check the API Base URL, that the server is running, and that a firewall lets this machine reach it.",
    TRANSIENT,
    retry=True,
    everywhere=True,
)
NO_LONGER_CONNECTED = Problem(
    "{url} has answered before, and accepts no more connections now.",
    "What was read is kept: run the sync again when the server is up, and it goes on there.",
    TRANSIENT,
    everywhere=True,
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
    everywhere=True,
)
CERTIFICATE_NOT_YET_VALID = Problem(
    "The TLS certificate of {url} is not valid yet.",
    "Check the clock of this machine, and from when on the certificate on the server is valid.",
    everywhere=True,
)
CERTIFICATE_OF_OTHER_HOST = Problem(
    "The TLS certificate of {url} is made out for another host name.",
    "Enter the name that the certificate is for as the host of the API Base URL, or install one for this name.",
    everywhere=True,
)
CERTIFICATE_ISSUER_UNKNOWN = Problem(
    "The TLS certificate of {url} is signed by nobody whom this connector trusts.",
    "Install the certificate with its whole chain; if your own authority signs it, name a file with that one's "
    "certificate in REQUESTS_CA_BUNDLE (see Hosts and networks).",
    everywhere=True,
)
CERTIFICATE_INVALID = Problem(
    "The TLS certificate of {url} is not valid ({detail}).",
    "Install a valid certificate, with its whole chain, on the server.",
    everywhere=True,
)
CA_FILE = Problem(
    "{url} was not asked, since the file of certificates that REQUESTS_CA_BUNDLE names cannot be used.",
    "Check that it is mounted into the container, that its user may read it, and that it holds certificates as PEM.",
    everywhere=True,
)
TLS_TOO_OLD = Problem(
    "{url} and this connector have no version of TLS and no cipher in common.",
    "Let the server speak TLS 1.2 or 1.3 with the ciphers of today.",
    everywhere=True,
)
TLS_NOT_SPOKEN = Problem(
    "{url} does not speak TLS at this port.",
    "Check the port of the API Base URL, and that the server answers https there.",
    everywhere=True,
)
TLS_FAILED = Problem(
    "No secure connection to {url} is possible ({detail}).",
    "Check the TLS settings of the server and of what stands in front of it.",
    everywhere=True,
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
    everywhere=True,
)
PROXY_LOGIN = Problem(
    "The proxy between this machine and {url} asks for a user name and password (407).",
    "Put them into HTTPS_PROXY, like http://user:password@proxy.example.com:3128, or correct them there.",
    everywhere=True,
)
PROXY_REFUSED = Problem(
    "The proxy between this machine and {url} does not let it reach that host ({status}).",
    "Allow the host in the rules of the proxy, or name it in NO_PROXY if it can be reached without.",
    everywhere=True,
)
NOT_SENT = Problem(
    "A request to {url} could not be sent ({detail}).",
    "Report this to the authors of the connector.",
    SYSTEM,
)

# What is wrong with the configuration ---------------------------------------------------------------------------

URL_MALFORMED = Problem(
    "The API Base URL is not a web address.",
    "Enter it like https://news.example.com/api.",
)
URL_NOT_HTTPS = Problem(
    "The API Base URL starts with {scheme}://, which is not secure.",
    "Enter it with https://.",
)
URL_HAS_CREDENTIALS = Problem(
    "The API Base URL holds a user name or a password before the host.",
    "Remove everything up to the @; the API Token is all that is needed.",
)
URL_HAS_QUERY = Problem(
    "The API Base URL has a query (the part from the question mark on).",
    "Remove it, so that the URL ends in /api.",
)
URL_HAS_FRAGMENT = Problem(
    "The API Base URL has a fragment (the part from the # on).",
    "Remove it, so that the URL ends in /api.",
)
URL_PORT = Problem(
    "The API Base URL names port {port}, and only the https port 443 is allowed.",
    "Remove the port, or ask the operator of this connector to trust the host.",
)
URL_PATH = Problem(
    "The path of the API Base URL does not end in /api.",
    "Enter the whole address of the API, such as https://news.example.com/api.",
)
URL_IP_ADDRESS = Problem(
    "The API Base URL names an IP address instead of a host.",
    "Enter the host name of the server, such as https://news.example.com/api.",
)
URL_LOCALHOST = Problem(
    "The host {host} in the API Base URL is this machine itself.",
    "Enter the public host name of the Mailcoach server.",
)
URL_LOCAL_NAME = Problem(
    "The host {host} in the API Base URL is a name of an internal network.",
    "Enter the public host name of the Mailcoach server.",
)
URL_NOT_CLOUD = Problem(
    "The Connection Method is Mailcoach Cloud, but {host} is not a team's address under mailcoach.app.",
    "Enter https://YOUR-TEAM.mailcoach.app/api, or choose the Connection Method Self-hosted.",
)
ADDRESS_NOT_PUBLIC = Problem(
    "The host {host} leads to {address}, which is not a public address.",
    "Use a server that is reachable from the internet, or ask the operator of this connector to trust the host.",
    everywhere=True,
)
CONFIG_INVALID = Problem(
    "The field {field} of the configuration is not valid: {detail}.",
    "Correct it in the settings of this source.",
)
CONNECTOR_ID = Problem(
    "The connector_id of this configuration belongs to another connector.",
    "Remove it, or set it to {expected}.",
)

# What the connector is started with -----------------------------------------------------------------------------

FILE_NOT_READ = Problem(
    "User {user} cannot read the file {path} of --{option}: {detail}.",
    "Check the path, and which folder is mounted there.",
)
FILE_FORBIDDEN = Problem(
    "User {user} cannot read the file {path} of --{option}: Permission denied.",
    "Let that user read it (chmod a+r), or run the connector as a user who may (docker run --user).",
)
FILE_NOT_JSON = Problem(
    "The file {path} of --{option} is not JSON in UTF-8: {detail}.",
    "Correct it there, or write the file anew.",
)
NOT_A_CONFIGURATION = Problem(
    "The file {path} of --config holds {detail} instead of an object with the fields of the configuration.",
    "Write it as an object that has at least api_base_url and api_token.",
)
NOT_A_CATALOG = Problem(
    "The file {path} of --catalog is not a configured catalog: {detail}.",
    "Make it of what discover gives, with a sync_mode for each stream.",
)
NOT_A_STATE = Problem(
    "The file {path} of --state is not a list of states: {detail}.",
    "Give it the list of what the last STATE message of each stream has under state, or leave --state out to read all.",
)
NO_TEMPORARY_FOLDER = Problem(
    "There is no folder in which user {user} may write temporary files.",
    "Mount one at /tmp, with docker run --tmpfs /tmp or as an emptyDir volume in Kubernetes.",
)
NO_CERTIFICATES = Problem(
    "The certificates in {path}, which {variable} names, cannot be read: {detail}.",
    "Mount the file there, or unset the variable to use the usual certificates.",
)
