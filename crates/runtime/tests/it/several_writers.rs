//! Several runtimes on one store, as replicas over one database would be: each sees what the others wrote.

use shipway_engine::Command;
use shipway_model::event::Scope;
use shipway_runtime::SubmitError;
use shipway_runtime::memory::MemoryDisk;
use shipway_runtime::suite::World;

fn pause(scope: &str) -> Command {
    let scope = Scope::Environment(scope.parse().expect("is a name"));
    Command::PauseScope { scope, reason: "a test".to_owned() }
}

#[tokio::test]
async fn commands_are_decided_again_on_top_of_what_others_wrote() {
    let disk = MemoryDisk::default();
    let one = World::fresh(Box::new(disk.open()));
    let two = World::fresh(Box::new(disk.open()));
    assert!(!one.submit(pause("a")).await.expect("is accepted").repeated);
    // It is decided first on a state that does not know, and then again.
    assert!(two.submit(pause("a")).await.expect("is no error").repeated);
    assert!(!two.submit(pause("b")).await.expect("is accepted").repeated);
    assert_eq!(two.runtime.head().size, 3);
    assert_eq!(two.runtime.state().pauses.iter().count(), 2);
    one.submit(pause("c")).await.expect("is accepted");
    assert_eq!(one.runtime.head().size, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_contend_lose_nothing_and_do_nothing_twice() {
    let disk = MemoryDisk::default();
    let worlds = [(); 3].map(|()| World::fresh(Box::new(disk.open())));
    let writers = worlds.into_iter().zip(["x", "y", "z"]).map(|(world, name)| {
        tokio::spawn(async move {
            for number in 0..50 {
                let key = format!("{name}-{number}");
                // Others may come first many times in a row; then the caller tries again under the same key.
                loop {
                    match world.submit_keyed(name, Some(&key), pause(&key)).await {
                        Ok(_) => break,
                        Err(SubmitError::Unavailable(_)) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }
            world
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        let world = writer.await.expect("a writer writes");
        world.runtime.shutdown().await;
    }
    let world = World::fresh(Box::new(disk.open()));
    assert_eq!(world.runtime.head().size, 151);
    assert_eq!(world.runtime.state().pauses.iter().count(), 150);
}
