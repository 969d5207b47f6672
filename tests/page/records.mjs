// Records as the Meetup stream sent them, with what a test wants in them.

const NAMES = {
  event: 'Reading party',
  group: 'Silent Book Club',
  city: 'Berlin',
  venue: 'Old Town Hall',
  topic: 'Book Club',
};

let serial = 0;

export function rsvp({ response = 'yes', guests = 0, country = 'de', names = {}, at = Date.now() } = {}) {
  serial += 1;
  const { event, group, city, venue, topic } = { ...NAMES, ...names };
  return {
    venue: { venue_name: venue, lon: 13.4 + serial / 1_000, lat: 52.5, venue_id: serial },
    visibility: 'public',
    response,
    guests,
    member: { member_id: serial, photo: 'http://photos.example/1.jpeg', member_name: 'A' },
    rsvp_id: serial,
    mtime: at - 1_000 * serial - 7,
    event: {
      event_name: event,
      event_id: String(200_000_000 + serial),
      time: at + 86_400_000,
      event_url: 'http://www.meetup.com/example/events/200000000/',
    },
    group: {
      group_topics: [{ urlkey: `topic-${serial}`, topic_name: topic }],
      group_city: city,
      group_country: country,
      group_id: 1_000 + serial,
      group_name: group,
      group_lon: 13.4,
      group_urlname: `group-${serial}`,
      group_lat: 52.5,
    },
  };
}

export function lines(records) {
  return `${records.map((record) => JSON.stringify(record)).join('\n')}\n`;
}
