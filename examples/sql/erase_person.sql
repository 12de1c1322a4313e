-- Erase one person everywhere: write the address into the first statement, or the uuid of a subscriber, or both.
--
-- Erase the person in Mailcoach first, or the next sync can bring rows again. The hash is needed if Email Privacy is
-- sha256, or has ever been: printf %s ada@example.com | sha256sum. An apostrophe in an address is written twice. Whoever
-- is on several lists is found on all of them by the address.
--
-- - Rows of the person are deleted, and clicks are taken out of their links. Transactional mails to or from the address
--   are deleted too, also those that went to others as well.
-- - Any other text that holds the address becomes null, in whatever row. Rather too many than too few: a text with
--   maria.ada@example.com holds ada@example.com. Names are not looked for, nor codes that are not listed below.
--
-- Streams: all. Delete the lines of those that you do not have. Only the tables of the streams are changed: raw tables,
-- tables that were made of these, and backups are for you to find.
-- Runs on DuckDB and on SQLite.

begin transaction;

create temp table erase_person as
select lower('ada@example.com') as address, '' as hash, '' as subscriber_uuid;

-- Who it is ----------------------------------------------------------------------------------------------------------

create temp table erase_known as
select uuid, lower(trim(email)) as address from subscribers
union select subscriber_uuid, lower(trim(subscriber_email)) from campaign_opens
union select subscriber_uuid, lower(trim(subscriber_email)) from campaign_unsubscribes
union select subscriber_uuid, lower(trim(subscriber_email)) from campaign_bounces;

-- Somebody whose address has changed has several.
create temp table erase_addresses as
with
given as (
    select address from erase_person union select hash from erase_person
),
uuids as (
    select subscriber_uuid as uuid from erase_person
    union select uuid from erase_known where address in (select address from given)
)
select address from given where address <> ''
union select address from erase_known where uuid in (select uuid from uuids) and address <> '';

create temp table erase_uuids as
select subscriber_uuid as uuid from erase_person where subscriber_uuid <> ''
union select uuid from erase_known where address in (select address from erase_addresses);

-- What texts may hold: an address as it is, in links, in HTML, in JSON and in mails, and the uuid in links.
create temp table erase_spellings as
select address as spelling from erase_addresses
union select replace(address, '@', '%40') from erase_addresses
union select replace(replace(address, '+', '%2b'), '@', '%40') from erase_addresses
union select replace(address, '@', '&#64;') from erase_addresses
union select replace(address, '@', '&commat;') from erase_addresses
union select replace(address, '@', '\u0040') from erase_addresses
union select replace(address, '@', '=40') from erase_addresses
union select uuid from erase_uuids;

create temp table erase_mails as
select m.uuid
from transactional_mails m
join erase_addresses a on instr(
    lower(coalesce(cast(m."from" as text), '') || coalesce(cast(m."to" as text), '')
          || coalesce(cast(m.cc as text), '') || coalesce(cast(m.bcc as text), '')),
    '"' || a.address || '"'
) > 0;

-- Rows of the person -------------------------------------------------------------------------------------------------

delete from sends
where subscriber_uuid in (select uuid from erase_uuids)
   or transactional_mail_log_item_uuid in (select uuid from erase_mails);
delete from campaign_sends where subscriber_uuid in (select uuid from erase_uuids);
delete from campaign_click_events where subscriber_uuid in (select uuid from erase_uuids);
delete from campaign_opens where subscriber_uuid in (select uuid from erase_uuids);
delete from campaign_unsubscribes where subscriber_uuid in (select uuid from erase_uuids);
delete from campaign_bounces where subscriber_uuid in (select uuid from erase_uuids);
delete from suppressions where lower(trim(email)) in (select address from erase_addresses);
delete from transactional_mails where uuid in (select uuid from erase_mails);
delete from subscribers where uuid in (select uuid from erase_uuids);

update campaign_clicks
set clicks = coalesce(
    (
        select json_group_array(json(click.value))
        from json_each(campaign_clicks.clicks) click
        where not exists (select 1 from erase_uuids where instr(cast(click.value as text), uuid) > 0)
    ),
    '[]'
)
where exists (select 1 from erase_uuids e where instr(cast(campaign_clicks.clicks as text), e.uuid) > 0);

-- Texts of others that hold the address ------------------------------------------------------------------------------

update email_lists set name = null where exists (select 1 from erase_spellings where instr(lower(name), spelling) > 0);
update email_lists set default_from_email = null
where exists (select 1 from erase_spellings where instr(lower(default_from_email), spelling) > 0);
update email_lists set default_from_name = null
where exists (select 1 from erase_spellings where instr(lower(default_from_name), spelling) > 0);
update email_lists set default_reply_to_email = null
where exists (select 1 from erase_spellings where instr(lower(default_reply_to_email), spelling) > 0);
update email_lists set default_reply_to_name = null
where exists (select 1 from erase_spellings where instr(lower(default_reply_to_name), spelling) > 0);
update email_lists set report_recipients = null
where exists (select 1 from erase_spellings where instr(lower(report_recipients), spelling) > 0);
update subscribers set first_name = null
where exists (select 1 from erase_spellings where instr(lower(first_name), spelling) > 0);
update subscribers set last_name = null
where exists (select 1 from erase_spellings where instr(lower(last_name), spelling) > 0);
update subscribers set extra_attributes = null
where exists (select 1 from erase_spellings where instr(lower(cast(extra_attributes as text)), spelling) > 0);
update subscribers set tags = null
where exists (select 1 from erase_spellings where instr(lower(cast(tags as text)), spelling) > 0);
update tags set name = null where exists (select 1 from erase_spellings where instr(lower(name), spelling) > 0);
update segments set name = null where exists (select 1 from erase_spellings where instr(lower(name), spelling) > 0);
update segments set positive_tags = null
where exists (select 1 from erase_spellings where instr(lower(cast(positive_tags as text)), spelling) > 0);
update segments set negative_tags = null
where exists (select 1 from erase_spellings where instr(lower(cast(negative_tags as text)), spelling) > 0);
update subscriber_imports set subscribers_csv = null
where exists (select 1 from erase_spellings where instr(lower(subscribers_csv), spelling) > 0);
update campaigns set name = null where exists (select 1 from erase_spellings where instr(lower(name), spelling) > 0);
update campaigns set email_list = null
where exists (select 1 from erase_spellings where instr(lower(cast(email_list as text)), spelling) > 0);
update campaigns set template = null
where exists (select 1 from erase_spellings where instr(lower(cast(template as text)), spelling) > 0);
update campaigns set from_email = null
where exists (select 1 from erase_spellings where instr(lower(from_email), spelling) > 0);
update campaigns set from_name = null
where exists (select 1 from erase_spellings where instr(lower(from_name), spelling) > 0);
update campaigns set html = null where exists (select 1 from erase_spellings where instr(lower(html), spelling) > 0);
update campaigns set structured_html = null
where exists (select 1 from erase_spellings where instr(lower(structured_html), spelling) > 0);
update campaigns set email_html = null
where exists (select 1 from erase_spellings where instr(lower(email_html), spelling) > 0);
update campaigns set webview_html = null
where exists (select 1 from erase_spellings where instr(lower(webview_html), spelling) > 0);
update campaigns set fields = null
where exists (select 1 from erase_spellings where instr(lower(cast(fields as text)), spelling) > 0);
update campaigns set segment_description = null
where exists (select 1 from erase_spellings where instr(lower(segment_description), spelling) > 0);
update campaign_clicks set url = null
where exists (select 1 from erase_spellings where instr(lower(url), spelling) > 0);
update campaign_click_events set url = null
where exists (select 1 from erase_spellings where instr(lower(url), spelling) > 0);
update campaign_unsubscribes set subscriber = null
where exists (
    select 1
    from erase_spellings  -- beside the address that the row has anyhow
    where instr(replace(lower(cast(subscriber as text)), lower(coalesce(subscriber_email, '-')), ''), spelling) > 0
);
update campaign_sends set failure_reason = null
where exists (select 1 from erase_spellings where instr(lower(failure_reason), spelling) > 0);
update sends set failure_reason = null
where exists (select 1 from erase_spellings where instr(lower(failure_reason), spelling) > 0);
update templates set name = null where exists (select 1 from erase_spellings where instr(lower(name), spelling) > 0);
update templates set html = null where exists (select 1 from erase_spellings where instr(lower(html), spelling) > 0);
update templates set structured_html = null
where exists (select 1 from erase_spellings where instr(lower(structured_html), spelling) > 0);
update templates set fields = null
where exists (select 1 from erase_spellings where instr(lower(cast(fields as text)), spelling) > 0);
update transactional_mails set "from" = null
where exists (
    select 1
    from erase_spellings, json_each(transactional_mails."from") box
    where instr(lower(cast(json_extract(box.value, '$.name') as text)), spelling) > 0
);
update transactional_mails set "to" = null
where exists (
    select 1
    from erase_spellings, json_each(transactional_mails."to") box
    where instr(lower(cast(json_extract(box.value, '$.name') as text)), spelling) > 0
);
update transactional_mails set cc = null
where exists (
    select 1
    from erase_spellings, json_each(transactional_mails.cc) box
    where instr(lower(cast(json_extract(box.value, '$.name') as text)), spelling) > 0
);
update transactional_mails set bcc = null
where exists (
    select 1
    from erase_spellings, json_each(transactional_mails.bcc) box
    where instr(lower(cast(json_extract(box.value, '$.name') as text)), spelling) > 0
);
update transactional_mails set subject = null
where exists (select 1 from erase_spellings where instr(lower(subject), spelling) > 0);
update transactional_mails set body = null
where exists (select 1 from erase_spellings where instr(lower(body), spelling) > 0);
update transactional_mails set html = null
where exists (select 1 from erase_spellings where instr(lower(html), spelling) > 0);
update transactional_mail_templates set name = null
where exists (select 1 from erase_spellings where instr(lower(name), spelling) > 0);
update transactional_mail_templates set "to" = null
where exists (select 1 from erase_spellings where instr(lower(cast("to" as text)), spelling) > 0);
update transactional_mail_templates set cc = null
where exists (select 1 from erase_spellings where instr(lower(cast(cc as text)), spelling) > 0);
update transactional_mail_templates set bcc = null
where exists (select 1 from erase_spellings where instr(lower(cast(bcc as text)), spelling) > 0);
update transactional_mail_templates set subject = null
where exists (select 1 from erase_spellings where instr(lower(subject), spelling) > 0);
update transactional_mail_templates set html = null
where exists (select 1 from erase_spellings where instr(lower(html), spelling) > 0);
update automation_mails set name = null
where exists (select 1 from erase_spellings where instr(lower(name), spelling) > 0);
update automation_mails set from_email = null
where exists (select 1 from erase_spellings where instr(lower(from_email), spelling) > 0);
update automation_mails set subject = null
where exists (select 1 from erase_spellings where instr(lower(subject), spelling) > 0);
update automation_mails set html = null
where exists (select 1 from erase_spellings where instr(lower(html), spelling) > 0);
update automation_mails set structured_html = null
where exists (select 1 from erase_spellings where instr(lower(structured_html), spelling) > 0);
update automation_mails set email_html = null
where exists (select 1 from erase_spellings where instr(lower(email_html), spelling) > 0);
update automation_mails set webview_html = null
where exists (select 1 from erase_spellings where instr(lower(webview_html), spelling) > 0);
update automation_mails set fields = null
where exists (select 1 from erase_spellings where instr(lower(cast(fields as text)), spelling) > 0);

drop table erase_mails;
drop table erase_spellings;
drop table erase_uuids;
drop table erase_addresses;
drop table erase_known;
drop table erase_person;

commit;
