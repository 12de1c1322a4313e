-- What the rows of a campaign add up to, beside Mailcoach's counter of the same, and why they differ.
--
-- More rows than counted are explained by rows younger than the last count, and by people who were deleted since and
-- whose rows are kept here. Fewer are explained by people who are gone with their rows: as many as mails are missing.
-- Counters of a split test know its first variant alone. What was pruned is in counters, not in rows. Beyond that,
-- events that are reported late may be in one and not in the other: mailcoach_counter_tolerance allows for them.
{%- set pruned_after = var('mailcoach_pruned_after_days') %}
{%- set measures = [
    ('opens', 'open_count', 'mailcoach_open_count', 'first_opened_at', 'last_opened_at'),
    ('openers', 'case when is_opened then 1 else 0 end', 'mailcoach_unique_open_count', 'first_opened_at', none),
    ('clicks', 'click_count', 'mailcoach_click_count', 'first_clicked_at', 'last_clicked_at'),
    ('clickers', 'case when is_clicked then 1 else 0 end', 'mailcoach_unique_click_count', 'first_clicked_at', none),
    ('unsubscribes', 'case when is_unsubscribed then 1 else 0 end', 'mailcoach_unsubscribe_count', 'unsubscribed_at',
        none),
    ('bounced', 'case when is_bounced then 1 else 0 end', 'mailcoach_bounce_count', 'first_bounced_at', none),
] %}

with recipients as (
    select
        recipients.*,
        campaigns.statistics_calculated_at,
        coalesce(people.is_listed, false) as is_listed
    from {{ ref('campaign_recipients') }} as recipients
    inner join {{ ref('campaigns') }} as campaigns on campaigns.campaign_uuid = recipients.campaign_uuid
    left join {{ ref('int_mailcoach__people') }} as people on people.subscriber_uuid = recipients.subscriber_uuid
),

rows_by_measure as (
    {%- for measure, amount, counter, first, last in measures %}
    select
        campaign_uuid,
        '{{ measure }}' as measure,
        {{ mailcoach.total(amount) }} as from_rows,
        {{ mailcoach.total(
            'case when not coalesce(' ~ first ~ ' <= statistics_calculated_at, false) then ' ~ amount
            ~ (' when not coalesce(' ~ last ~ ' <= statistics_calculated_at, false) then ' ~ amount ~ ' - 1' if last else '')
            ~ ' else 0 end'
        ) }} as younger,
        {{ mailcoach.total('case when is_listed then 0 else ' ~ amount ~ ' end') }} as of_deleted
    from recipients
    where {{ amount }} > 0
    group by campaign_uuid
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- The oldest event of each kind in the whole account: nothing older is left of it.
oldest as (
    {%- for measure, amount, counter, first, last in measures %}
    select '{{ measure }}' as measure, min({{ first }}) as oldest_at from recipients where {{ amount }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

account as (
    select
        (select count(*) from {{ ref('stg_mailcoach__subscribers') }}) as subscribers,
        (select count(*) from {{ ref('int_mailcoach__mails') }} where campaign_uuid is not null) as mails,
        (select max(as_of) from {{ ref('int_mailcoach__as_of') }}) as as_of
),

counters as (
    {%- for measure, amount, counter, first, last in measures %}
    select campaign_uuid, '{{ measure }}' as measure, {{ counter }} as counter from {{ ref('campaigns') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        campaigns.campaign_uuid,
        campaigns.name as campaign_name,
        campaigns.sent_at,
        campaigns.status,
        campaigns.is_split_test,
        counters.measure,
        coalesce(rows_by_measure.from_rows, 0) as from_rows,
        counters.counter,
        coalesce(rows_by_measure.from_rows, 0) - counters.counter as difference,
        coalesce(rows_by_measure.younger, 0) as younger,
        case when account.subscribers > 0 then coalesce(rows_by_measure.of_deleted, 0) else 0 end as of_deleted,
        account.mails > 0 as are_mails_known,
        greatest(coalesce(campaigns.mailcoach_sent_count, 0) - campaigns.mails, 0) as missing_mails,
        oldest.oldest_at is null as is_nothing_read,
        {% if pruned_after is not none -%}
        {% if pruned_after -%}
        coalesce(campaigns.sent_at < {{ mailcoach.days_before('account.as_of', pruned_after) }}, false)
        {%- else -%}
        false
        {%- endif %}
        {%- else -%}
        coalesce(campaigns.sent_at < {{ mailcoach.days_before('oldest.oldest_at', 1) }}, false)
        {%- endif %} as is_pruned
    from {{ ref('campaigns') }} as campaigns
    cross join account
    inner join counters on counters.campaign_uuid = campaigns.campaign_uuid
    inner join oldest on oldest.measure = counters.measure
    left join rows_by_measure
        on rows_by_measure.campaign_uuid = campaigns.campaign_uuid and rows_by_measure.measure = counters.measure
    where campaigns.status <> 'draft' and counters.counter is not null
),

explained as (
    select
        *,
        case
            when status = 'sending' or is_split_test then abs(difference)
            when difference > 0 then least(difference, younger + of_deleted)
            when is_nothing_read or is_pruned or not are_mails_known then abs(difference)
            when measure in ('opens', 'clicks') and missing_mails > 0 then abs(difference)
            else least(abs(difference), missing_mails)
        end as explained,
        ceil({{ var('mailcoach_counter_tolerance') }} * greatest(from_rows, counter)) as tolerated
    from compared
)

select
    {{ dbt.concat(['campaign_uuid', "'/'", 'measure']) }} as campaign_counter_key,
    campaign_uuid,
    campaign_name,
    sent_at,
    measure,
    from_rows,
    counter,
    difference,
    cast(greatest(abs(difference) - explained - tolerated, 0) as {{ dbt.type_bigint() }}) as unexplained,
    case
        when difference = 0 then 'equal'
        when abs(difference) - explained > tolerated then 'unexplained'
        when status = 'sending' then 'being sent'
        when is_split_test then 'split test'
        when difference < 0 and is_nothing_read then 'not read'
        when difference < 0 and is_pruned then 'pruned'
        when abs(difference) > explained then 'late'
        when difference > 0 and younger > 0 then 'lag'
        when difference < 0 and not are_mails_known then 'mails not read'
        else 'deleted'
    end as reason
from explained
