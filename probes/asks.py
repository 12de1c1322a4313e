"""What is asked by more than one probe: lists in the order in which the connector reads them.

`{sent}` and its like are filled in by `account`.
"""

LISTS = "email-lists?sort=-created_at,name&page=1"
SUBSCRIBERS = "email-lists/{list}/subscribers?sort=-updated_at,-id&page=1"
SUBSCRIBERS_BY_ID = "email-lists/{list}/subscribers?sort=-id&page=1&per_page=7"
TAGS = "email-lists/{tagged}/tags?sort=-updated_at,name&page=1"
SEGMENTS = "email-lists/{segmented}/segments?sort=-created_at,name&page=1"
IMPORTS = "subscriber-imports?sort=-created_at&page=1"

CAMPAIGNS = "campaigns?sort=name,sent&page=1"
SENT = "campaigns?filter[status]=sent&sort=name,sent&page=1"
SCHEDULED = "campaigns?filter[status]=scheduled&sort=name,sent&page=1"
DRAFTS = "campaigns?filter[status]=draft&sort=name,sent&page=1"
UNKNOWN_SORT = "campaigns?sort=no_such_sort&page=1"

CLICKS = "campaigns/{clicked}/clicks?sort=-unique_click_count,-click_count&page=1"
OPENS = "campaigns/{opened}/opens?sort=-first_opened_at,email&page=1"
LATEST_OPENS = "campaigns/{opened}/opens?sort=-last_opened_at,email&page=1"
UNSUBSCRIBES = "campaigns/{left}/unsubscribes?sort=-id&page=1"
BOUNCES = "campaigns/{bounced}/bounces?sort=-created_at,email,bounce_count&page=1"
SENDS_OF_CAMPAIGN = "sends?filter[campaign_uuid]={sent}&sort=-sent_at&page=1"

SENDS = "sends?sort=-sent_at&page=1"
SUPPRESSIONS = "suppressions?sort=-created_at&page=1"
TEMPLATES = "templates?sort=-updated_at,name&page=1"
MAILS = "transactional-mails?sort=-created_at,-id&page=1"
MAIL_TEMPLATES = "transactional-mails/templates?sort=-id&page=1"
AUTOMATION_MAILS = "automation-mails?sort=name,created_at&page=1"
