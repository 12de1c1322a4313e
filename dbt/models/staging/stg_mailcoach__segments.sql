{{ mailcoach.stage('segments', ['uuid'], [
    ('uuid', 'text', 'segment_uuid'),
    ('name', 'text', 'name'),
    ('email_list_uuid', 'text', 'email_list_uuid'),
    ('all_positive_tags_required', 'boolean', 'all_positive_tags_required'),
    ('all_negative_tags_required', 'boolean', 'all_negative_tags_required'),
    ('positive_tags', 'json_texts', 'positive_tags'),
    ('negative_tags', 'json_texts', 'negative_tags'),
    ('created_at', 'time', 'created_at'),
    ('updated_at', 'time', 'updated_at')
]) }}
