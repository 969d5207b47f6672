//! Only one writer changes the tables, and only from where they are.

use std::time::Duration;

use headcount_batch::postgres::{Error, PostgresLimits, PostgresSink};

use crate::{
    generator::Generator,
    proxy::{Fate, Proxy, is_query},
    server::{JOURNAL, Schema, limits},
    world::World,
};

#[tokio::test]
async fn a_writer_that_another_one_has_followed_changes_nothing() {
    let schema = Schema::new();
    let mut generator = Generator::new(20, &[], 10);
    let mut world = World::default();
    let mut zombie = schema.sink(3).await;
    let first = generator.first();
    zombie.write(&first).await.unwrap();
    world.apply(&first);
    let mut writer = schema.sink(3).await;
    let next = generator.next();
    for _ in 0..2 {
        let error = zombie.write(&next).await.unwrap_err();
        let Error::Fenced {
            mine: 1, found: 2, ..
        } = error
        else {
            panic!("{error}");
        };
        assert!(
            error.to_string().contains("only one process may write"),
            "{error}"
        );
    }
    schema.assert_holds(&world, &mut writer).await;
    writer.write(&next).await.unwrap();
    world.apply(&next);
    // Not even what would be next for it.
    let last = generator.next();
    zombie.write(&last).await.unwrap_err();
    schema.assert_holds(&world, &mut writer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_stopped_in_the_middle_keeps_nobody_out() {
    let schema = Schema::new();
    let mut generator = Generator::new(25, &[], 10);
    let mut world = World::default();
    let first = generator.first();
    schema.sink(3).await;
    // Its commit after that of the opening does not arrive, and nothing else comes from it.
    let (stopped, mut has_stopped) = tokio::sync::mpsc::channel(1);
    let mut commits = 0;
    let proxy = Proxy::start(schema.contact.clone(), move |sent| {
        commits += usize::from(is_query(sent, b"COMMIT"));
        match commits == 2 && is_query(sent, b"COMMIT") {
            true => {
                stopped.try_send(()).unwrap();
                Fate::Silent
            }
            false => Fate::Pass,
        }
    })
    .await;
    let limits = PostgresLimits {
        idle: Duration::from_millis(500),
        answer: Duration::from_secs(3),
        ..limits()
    };
    let address = schema.address_at(&proxy.contact);
    let opened = PostgresSink::open_within(&address, JOURNAL, 3, limits).await;
    let mut zombie = opened.unwrap();
    let theirs = first.clone();
    let writing = tokio::spawn(async move { zombie.write(&theirs).await });
    has_stopped.recv().await.unwrap();
    let mut writer = schema.sink(3).await;
    assert_eq!(writer.progress(), first.from);
    writer.write(&first).await.unwrap();
    world.apply(&first);
    let error = writing.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Fenced { .. }), "{error}");
    schema.assert_holds(&world, &mut writer).await;
}

#[tokio::test]
async fn changes_begin_where_the_tables_end() {
    let schema = Schema::new();
    let mut generator = Generator::new(21, &[], 10);
    let mut sink = schema.sink(3).await;
    let first = generator.first();
    let (second, third) = (generator.next(), generator.next());
    sink.write(&first).await.unwrap();
    let error = sink.write(&third).await.unwrap_err();
    let Error::Behind {
        partition: 0,
        next,
        from,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((next, from), (second.from[0], third.from[0]));
    // Nothing is asked of the server that follows from what it said.
    sink.write(&second).await.unwrap();
    sink.write(&third).await.unwrap();
    sink.write(&third).await.unwrap();
    let error = sink.write(&first).await.unwrap_err();
    assert!(matches!(error, Error::Behind { .. }), "{error}");
    // Another number of partitions begins nowhere.
    let mut wider = generator.next();
    wider.from.push(0);
    wider.to.push(1);
    assert!(matches!(
        sink.write(&wider).await,
        Err(Error::Behind { partition: 3, .. })
    ));
}

#[tokio::test]
async fn a_database_that_forgot_commits_is_not_written_to() {
    let schema = Schema::new();
    let mut generator = Generator::new(22, &[], 10);
    let mut sink = schema.sink(3).await;
    let first = generator.first();
    sink.write(&first).await.unwrap();
    let second = generator.next();
    let client = schema.client().await;
    // As after a failover to a copy that lagged.
    client
        .batch_execute("UPDATE sink_progress SET next = next - 1 WHERE partition = 0")
        .await
        .unwrap();
    let error = sink.write(&second).await.unwrap_err();
    assert!(
        matches!(error, Error::Behind { partition: 0, .. }),
        "{error}"
    );
    client
        .batch_execute("DELETE FROM sink_progress")
        .await
        .unwrap();
    let error = sink.write(&second).await.unwrap_err();
    assert!(matches!(error, Error::Fenced { found: 0, .. }), "{error}");
    let drop = format!("DROP SCHEMA {} CASCADE", schema.name);
    client.batch_execute(&drop).await.unwrap();
    let error = sink.write(&second).await.unwrap_err().to_string();
    assert!(error.contains("the tables are gone"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_waited_for() {
    let schema = Schema::new();
    let mut generator = Generator::new(23, &[], 10);
    let mut world = World::default();
    let mut sink = schema.sink(3).await;
    let first = generator.first();
    let client = schema.client().await;
    client
        .batch_execute("BEGIN; LOCK TABLE rsvps IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let watcher = schema.client().await;
    let writing = tokio::spawn(async move {
        sink.write(&first).await.unwrap();
        (sink, first)
    });
    // It has given up once (55P03) and waits again, in another session.
    let mut sessions = std::collections::BTreeSet::new();
    while sessions.len() < 2 {
        let sql = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'rsvps'::regclass";
        let waiting = watcher.query(sql, &[]).await.unwrap();
        sessions.extend(waiting.iter().map(|row| row.get::<_, i32>(0)));
    }
    client.batch_execute("ROLLBACK").await.unwrap();
    let (mut sink, first) = writing.await.unwrap();
    world.apply(&first);
    schema.assert_holds(&world, &mut sink).await;
}

#[tokio::test]
async fn tables_of_another_journal_are_left_alone() {
    let schema = Schema::new();
    schema.sink(3).await;
    for (journal, partitions) in [(JOURNAL - 1, 3), (JOURNAL, 4)] {
        let opened =
            PostgresSink::open_within(&schema.address(), journal, partitions, limits()).await;
        let error = opened.err().unwrap().to_string();
        let found = format!("is filled from journal {JOURNAL} of 3 partitions");
        assert!(
            error.contains(&found) && error.contains("?schema=NAME"),
            "{error}"
        );
    }
    // Being refused takes nothing over.
    assert_eq!(schema.sink(3).await.progress(), [0, 0, 0]);
    let client = schema.client().await;
    let epoch: i64 = client
        .query_one("SELECT max(epoch) FROM sink_progress", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(epoch, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_who_take_the_tables_from_each_other_write_every_change_once() {
    let schema = Schema::new();
    let mut generator = Generator::new(24, &[], 20);
    let mut world = World::default();
    let all = [generator.first()]
        .into_iter()
        .chain((0..16).map(|_| generator.next()));
    let all: std::sync::Arc<[_]> = all.collect();
    all.iter().for_each(|changes| world.apply(changes));
    let writers = (0..3).map(|_| {
        let (address, all) = (schema.address(), all.clone());
        tokio::spawn(async move {
            let mut takeovers = 0;
            loop {
                takeovers += 1;
                let opened = PostgresSink::open_within(&address, JOURNAL, 3, limits()).await;
                let mut sink = opened.unwrap();
                loop {
                    let Some(next) = all.iter().find(|changes| changes.from == sink.progress())
                    else {
                        return takeovers;
                    };
                    match sink.write(next).await {
                        Ok(_) => {}
                        Err(Error::Fenced { .. }) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        })
    });
    let mut takeovers = 0;
    for writer in writers.collect::<Vec<_>>() {
        takeovers += writer.await.unwrap();
    }
    assert!(takeovers > 3, "they did not meet");
    let mut sink = schema.sink(3).await;
    assert_eq!(sink.progress(), all[16].to);
    schema.assert_holds(&world, &mut sink).await;
}
