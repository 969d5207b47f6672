//! `headcount-batch sql`
