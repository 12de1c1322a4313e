{#- The columns that `sends` and `campaign_sends` have in common: the same mails, listed in two ways. -#}
{% macro columns_of_mails() %}
{{ return([
    ('automation_mail_uuid', 'text', 'automation_mail_uuid'),
    ('transactional_mail_log_item_uuid', 'text', 'transactional_mail_uuid'),
    ('subscriber_uuid', 'text', 'subscriber_uuid'),
    ('sent_at', 'time', 'sent_at'),
    ('failed_at', 'time', 'failed_at'),
    ('failure_reason', 'text', 'failure_reason'),
    ('open_count', 'integer', 'open_count'),
    ('click_count', 'integer', 'click_count'),
    ('first_opened_at', 'time', 'first_opened_at'),
    ('last_opened_at', 'time', 'last_opened_at'),
    ('first_clicked_at', 'time', 'first_clicked_at'),
    ('last_clicked_at', 'time', 'last_clicked_at'),
    ('bounce_count', 'integer', 'bounce_count'),
    ('hard_bounce_count', 'integer', 'hard_bounce_count'),
    ('soft_bounce_count', 'integer', 'soft_bounce_count'),
    ('created_at', 'time', 'created_at'),
    ('updated_at', 'time', 'updated_at')
]) }}
{% endmacro %}
