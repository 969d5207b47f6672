//! The one thread that starts processes, and what ends them with this one.

use std::{
    io,
    process::{Child, Command},
    sync::{OnceLock, mpsc},
    thread,
};

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts a process from a thread that lives as long as this process.
///
/// The system sends the signal of a parent's death when the *thread* ends that started the child; threads of tests end
/// long before their process does.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static ORDERS: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (orders, received) = mpsc::channel::<Order>();
        thread::Builder::new()
            .name("server-spawner".to_owned())
            .spawn(move || {
                for (mut command, reply) in received {
                    // Nobody is left to hear of it only if the caller's thread has died.
                    let _ = reply.send(command.spawn());
                }
            })
            .expect("start the thread that starts servers");
        orders
    });
    let (reply, answer) = mpsc::channel();
    orders
        .send((command, reply))
        .expect("the spawner lives as long as the process");
    answer.recv().expect("the spawner answers every order")
}

/// A command that is killed when this process ends, however it ends.
pub(crate) fn tied(program: &std::path::Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}
