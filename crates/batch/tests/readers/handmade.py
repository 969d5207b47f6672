"""Feeds of which nobody has kept a recording, and records that try the rules of the tables. In the order of arrival."""

import json

T = 1_490_000_000_000


def answer(event_id, rsvp_id, mtime, venue=None, **more):
    record = {"event": {"event_id": event_id, "event_name": "By hand", "event_url": "https://example.org/e", "time": T},
              "group": {"group_id": 9001, "group_name": "Handmade", "group_urlname": "handmade", "group_city": "Ghent",
                        "group_country": "BE", "group_lat": 51, "group_lon": 3.72,
                        "group_topics": [{"urlkey": "by-hand", "topic_name": "By hand"}]},
              "member": {"member_id": 7_001, "member_name": "Ada", "photo": "https://example.org/ada.jpg"},
              "response": "yes", "guests": 0, "visibility": "public", "rsvp_id": rsvp_id, "mtime": mtime}
    if venue:
        record["venue"] = venue
    return {**record, **more}


def event(event_id, mtime, **more):
    return {"id": event_id, "name": "Open", "event_url": f"https://example.org/{event_id}", "status": "upcoming",
            "visibility": "public", "mtime": mtime, "time": T + 86_400_000, "utc_offset": 3_600_000,
            "group": {"id": 9001, "name": "Handmade!", "urlname": "handmade", "join_mode": "open", "country": "BE",
                      "city": "Gent", "group_lat": 51.05, "group_lon": 3.72,
                      "category": {"id": 99, "name": "crafts", "shortname": "crafts"}}, **more}


def photo(photo_id, mtime, event={"id": "hand-1", "name": "By hand"}, group=None, **more):
    album = {"photo_album_id": 1, "group": group or {"id": 9002, "name": "Photographers", "urlname": "photographers"}}
    if event:
        album["event"] = event
    return {"photo_id": photo_id, "photo_link": f"https://example.org/{photo_id}.jpg", "ctime": mtime - 5_000,
            "mtime": mtime, "member": {"member_id": 7_002, "name": "Grace"}, "photo_album": album, **more}


def comment(comment_id, mtime, **more):
    return {"id": comment_id, "comment": "What is \"it's\"? \\ %_", "mtime": mtime, "status": "active",
            "member": {"member_id": 7_003, "member_name": "Edsger"}, "visibility": "public",
            "event": {"event_id": "hand-1", "event_name": "By hand"}, "group": {"id": 9001, "name": "Handmade"}, **more}


def venue(venue_id, mtime, **more):
    return {"id": venue_id, "name": "De Zaal", "address_1": "Kouter 1", "city": "Gent", "country": "BE",
            "lat": 51.05, "lon": 3.72, "mtime": mtime, **more}


def answers():
    yield answer("hand-1", 1, T + 400)
    yield answer("hand-1", 1, T)  # Sent again.
    yield answer("hand-1", 1, T - 1_000_000, guests=4)  # Stale.
    yield answer("hand-1", 1, T + 400)
    yield answer("hand-1", 1, T + 2_500, response="no", venue={"venue_id": 5, "venue_name": "Hall", "lat": 0, "lon": 0})
    yield answer("hand-1", 1, T + 3_000, response="no")  # Rounded up to the same second.
    yield answer("hand-2", 1, T + 7, venue={"venue_id": 5, "venue_name": "Hall of older days", "lat": -1, "lon": 1.5})
    # A venue that is there is not told of by a later record of another event without one.
    yield answer("hand-1", 2, T + 90_001, member={"member_id": 7_002})
    yield answer("hand-3", 3, T + 10, guests=None, visibility="")
    # A topic without a name goes by its key, as in other feeds.
    unnamed = answer("hand-17", 17, T + 12)
    unnamed["group"] = {**unnamed["group"], "group_id": 9004, "group_topics": [{"urlkey": "unnamed", "topic_name": ""}]}
    yield unnamed
    far = answer("hand-4", 4, T + 11)
    far["event"]["time"] = 32_503_680_000_000  # The year 3000 is beyond what readers show.
    yield far
    yield answer("hand-5", 5, 4_000_000_000_000)  # Of the future, and kept out.


def events():
    yield event("hand-1", T + 1_000_001, description="<p>An & <b>b</b></p>\n" + "long " * 500, fee={"amount": 12.5})
    yield event("hand-1", T + 1_000_000, name="Sent again with another name")
    yield event("hand-1", T - 5, name="Old")
    yield event("hand-6", T + 2, venue={"name": "Aula", "city": "Gent", "country": "be", "lat": 51.0, "lon": 3.7})
    # The same venue again, and another in the same place.
    yield event("hand-7", T + 3, venue={"name": "Aula", "city": "Gent", "country": "BE", "lat": 51.0, "lon": 3.7})
    yield event("hand-8", T + 4, venue={"name": "Aula 2", "city": "Gent", "country": "be", "lat": 51.0, "lon": 3.7})
    yield event("hand-8", T + 5_004, status="canceled")
    yield event("hand-9", T + 6, venue={"id": 5, "name": "Hall", "address_1": "Street", "lat": 51, "lon": "3.7"})
    # What is of another type than expected is not there.
    yield event("hand-10", T + 8, fee={"amount": "12.50"}, duration=1.5, rsvp_limit="5", yes_rsvp_count=None,
                description=7, name="", time="tomorrow")
    yield {**event("hand-11", T + 9), "group": {"id": "9003", "name": "No number"}}
    yield {**event("hand-12", T + 9), "group": "none"}
    yield event("hand-13", T + 10, name="A zero \0 and a smile \U0001f600", utc_offset=-2**63, fee={"amount": 0})
    yield {**event(14, T + 12), "group": {"id": 9001, "group_topics": [
        {"urlkey": "by-hand", "topic_name": "By Hand"}, {"urlkey": "by-hand", "topic_name": "Twice"},
        {"urlkey": "nameless"}, {"topic_name": "No key"}, 5], "lat": 51.06, "lon": 3.73}}


def photos():
    yield photo(1, T + 50)
    yield photo(1, T + 50)
    yield photo(1, T + 5_050, caption="Greater", highres_link="https://example.org/1-high.jpg")
    yield photo(1, T + 60, caption="Late and lesser")
    yield photo("1b", T + 70, event={"id": 777, "name": "Only mentioned", "time": T + 5})
    yield photo(2, T + 80, event=None, member={"member_id": -4, "name": "Nobody"})
    yield photo(3, T + 90, event={"name": "Without an id"}, member=None, ctime="yesterday")
    yield photo(4, T + 100, caption=5, photo_link="", thumb_link=["x"], ctime=32_503_680_000_000, status="deleted")
    yield photo(5, T + 110, group={"id": 9002, "name": "Photographers of Ghent", "group_topics": [
        {"urlkey": "photo", "topic_name": "Photo"}, {"urlkey": "ghent", "topic_name": "Ghent"}]})
    yield photo(5, T + 10_110, group={"id": 9002, "name": "Photographers of Ghent", "group_topics": [
        {"urlkey": "photo", "topic_name": "Photography"}]})
    yield photo(6, 4_000_000_000_000)


def comments():
    yield comment(11, T + 50)
    yield comment(12, T + 60, in_reply_to=11)
    yield comment(12, T + 60, in_reply_to=11)
    yield comment(11, T + 9_000, status="deleted", comment="")
    yield comment(11, T + 800, comment="Older than its deletion")
    yield comment(13, T + 70, event={"event_id": "only-commented", "event_name": "Of a comment"})
    yield comment(14, T + 80, event=None, member={"member_id": "7003"}, group=None)
    yield comment("fifteen", T + 90, comment="\ttab \"quote\" 'single' \\ back; ж 漢\nline", in_reply_to="fourteen")


def venues():
    yield venue(5, T + 100, phone="1")
    yield venue(5, T + 99, name="Older")
    yield venue(6, T + 100, lat="51", lon=None, name="", state="OVL")
    yield venue("7", T + 100)
    yield venue(7, T + 9_100, city=None, name="Number or text: one venue")
    yield {"id": 9, "mtime": T + 200, "address_1": "Nothing else"}


def more_answers():
    """So that there are more pieces than the small files that a table may have."""
    yield answer("hand-15", 15, T + 20_123, member={"member_id": 7_004, "member_name": "Alan"})


def changed_answers():
    yield answer("hand-15", 15, T + 40_123, response="no", member={"member_id": 7_004, "member_name": "Alan T."})
    yield answer("hand-16", 16, T + 20_124, member={"member_id": 7_005})


FEEDS = {"answers": answers, "events": events, "photos": photos, "comments": comments, "venues": venues,
         "more": more_answers, "changed": changed_answers}


def write(folder):
    """The files of the feeds."""
    files = []
    for name, feed in FEEDS.items():
        file = folder / f"{name}.ndjson"
        file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in feed()), encoding="utf-8")
        files.append(file)
    return files
