// The tables that the stand-in pretends to have, and the statements that come with the program.

const column = (name, type, more = {}) => ({ name, type, ...more });
const key = { key: true };
const to = (references) => ({ references });

export const TABLES = [
  table('categories', 33, [
    column('category_id', 'bigint', key),
    column('name', 'text'),
    column('shortname', 'text'),
  ]),
  table('comments', 4_180, [
    column('comment_id', 'bigint', key),
    column('event_id', 'text', to('events')),
    column('member_id', 'bigint', to('members')),
    column('time', 'timestamptz'),
  ]),
  table('events', 26_412, [
    column('event_id', 'text', key),
    column('group_id', 'bigint', to('groups')),
    column('venue_id', 'bigint', to('venues')),
    column('name', 'text'),
    column('url', 'text'),
    column('time', 'timestamptz'),
    column('status', 'text'),
    column('yes_rsvp_count', 'integer'),
    column('fee', 'numeric'),
  ]),
  table('groups', 19_003, [
    column('group_id', 'bigint', key),
    column('name', 'text'),
    column('city', 'text'),
    column('state', 'text'),
    column('country', 'text'),
    column('lat', 'double precision'),
    column('lon', 'double precision'),
    column('category_id', 'bigint', to('categories')),
  ]),
  table('members', 98_220, [
    column('member_id', 'bigint', key),
    column('first_seen', 'timestamptz'),
    column('last_seen', 'timestamptz'),
  ]),
  table('photos', 1_922, [
    column('photo_id', 'bigint', key),
    column('event_id', 'text', to('events')),
    column('member_id', 'bigint', to('members')),
    column('time', 'timestamptz'),
  ]),
  table('rsvps', 1_173_494, [
    column('event_id', 'text', { ...key, references: 'events' }),
    column('rsvp_id', 'bigint', key),
    column('member_id', 'bigint', to('members')),
    column('response', 'text'),
    column('guests', 'integer'),
    column('mtime', 'timestamptz'),
  ]),
  table('topics', 8_804, [column('urlkey', 'text', key), column('name', 'text')]),
  table('venues', 22_613, [
    column('venue_id', 'bigint', key),
    column('name', 'text'),
    column('lat', 'double precision'),
    column('lon', 'double precision'),
    column('city', 'text'),
    column('country', 'text'),
  ]),
  table('live_minutes', null, [
    column('minute', 'timestamptz', key),
    column('yes', 'bigint'),
    column('no', 'bigint'),
  ]),
];

export const NAMED = [
  named('active_members', 'Most active members', 'bar', 'member', 'events'),
  named('answers_by_day', 'Answers by the day', 'line', 'day', 'rsvps'),
  named('boards_categories', 'Categories', 'bar', 'category', 'events'),
  named('boards_event_names', 'Event names', 'bar', 'event_name', 'events'),
  named('boards_group_cities', 'Cities of groups', 'bar', 'city', 'events'),
  named('boards_group_countries', 'Countries of groups', 'map', 'country', 'events'),
  named('boards_group_names', 'Groups', 'bar', 'group_name', 'events'),
  named('boards_venue_cities', 'Cities of venues', 'bar', 'city', 'events'),
  named('boards_venue_countries', 'Countries of venues', 'map', 'country', 'events'),
  named('boards_venue_names', 'Venues', 'bar', 'venue_name', 'events'),
  named('changes_of_mind', 'Changes of mind', 'bar', 'change', 'changes'),
  named('comments', 'Comments', 'bar', 'event_name', 'comments'),
  named('groups_most_yes', 'Groups with most yes', 'bar', 'group_name', 'yes'),
  named('hours', 'Hours', 'bar', 'hour', 'rsvps'),
  named('lead_time', 'Lead time', 'bar', 'lead_time', 'rsvps'),
  named('photos', 'Photos', 'bar', 'event_name', 'photos'),
  named('regions', 'RSVPs by region', 'bar', 'region', 'rsvps'),
  named('topics', 'Topics', 'bar', 'topic', 'yes'),
  named('venues', 'Venues on the map', 'map', 'venue', 'people'),
  named('weekdays', 'Weekdays', 'bar', 'weekday', 'rsvps'),
];

function table(name, rows, columns) {
  return { name, rows, columns };
}

function named(name, title, chart, x, y) {
  const description = `${title}, without events that are off, and the people who come to them.`;
  const sql = `-- ${title}\nSELECT ${x}, count(*) AS ${y}\nFROM rsvps\nJOIN events USING (event_id)\nGROUP BY ${x}\nORDER BY ${y} DESC\nLIMIT 20`;
  return { name, title, description, sql, chart, x, y };
}
