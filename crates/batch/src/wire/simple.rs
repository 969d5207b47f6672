//! The simple protocol: a text of statements, each answered in turn, all values as text.

use super::{
    frame::MessageReader,
    portal::Portal,
    session::{MessageFailure, WireSession},
    split,
    statement::{Work, moved},
};

impl WireSession<'_> {
    pub(super) async fn simple(&mut self, payload: &[u8]) -> Result<(), MessageFailure> {
        let sql = MessageReader(payload).text()?;
        self.statements.remove("");
        self.portals.remove("");
        let parts = split::statements(sql)?;
        if parts.is_empty() {
            self.out.plain(b'I');
        }
        for part in parts {
            let moved = |failure| match failure {
                MessageFailure::Statement(error) => {
                    MessageFailure::Statement(moved(error, part.before))
                }
                other => other,
            };
            let work = Work::of(&part.sql)
                .map_err(MessageFailure::Statement)
                .map_err(moved)?;
            let mut portal = Portal::new(work, Vec::new(), Vec::new());
            if let Some(columns) = self.open(&mut portal).await.map_err(moved)? {
                self.out.columns(&columns, &[]);
            }
            self.execute(&mut portal, 0).await.map_err(moved)?;
        }
        self.out.ready(self.status);
        Ok(self.send().await?)
    }
}
