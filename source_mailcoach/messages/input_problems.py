"""Each problem with the configuration, or with the command and its files, as the user reads it.

The problems of the server are in `problems`.
"""

from source_mailcoach.messages.errors import EndsSync, Problem

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
    raises=EndsSync,
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
