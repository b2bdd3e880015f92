use core::time::Duration;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use smol::channel::bounded;
use smol::future::FutureExt;

use super::*;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs `main` alone; fails the test after five seconds.
fn complete<T>(main: impl Future<Output = T>) -> T {
    complete_with(&LocalExecutor::new(), main)
}

fn complete_with<T>(executor: &LocalExecutor<'_>, main: impl Future<Output = T>) -> T {
    let late = async {
        sleep_until(clock::now() + Duration::from_secs(5)).await;
        None
    };
    run(executor, async { Some(main.await) }.or(late)).unwrap().expect("it takes more than five seconds")
}

fn pipe() -> (Watched<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (Watched::new(ours), theirs)
}

/// The next byte.
async fn byte(watched: &Watched<UnixStream>) -> u8 {
    let mut byte = [0];
    loop {
        future::poll_fn(|context| watched.poll_readable(context)).await.unwrap();
        match watched.io().read(&mut byte) {
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            Ok(count) => {
                assert_eq!(count, 1);
                return byte[0];
            }
        }
    }
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines_and_not_before() {
    let executor = LocalExecutor::new();
    let (woken, order) = bounded(8);
    let start = clock::now();
    for wait in [9, 3, 0, 6, 3] {
        let woken = woken.clone();
        executor
            .spawn(async move {
                sleep_until(start + millis(wait)).await;
                assert!(clock::now() >= start + millis(wait));
                woken.try_send(wait).unwrap();
            })
            .detach();
    }
    let waits = complete_with(&executor, async {
        let mut waits = Vec::new();
        for _ in 0..5 {
            waits.push(order.recv().await.unwrap());
        }
        waits
    });
    assert_eq!(waits, [0, 3, 3, 6, 9]);
}

#[test]
fn a_sleeper_that_is_given_up_leaves_nothing_behind() {
    let far = clock::now() + Duration::from_hours(1);
    complete(async { sleep_until(far).or(future::yield_now()).await });
    assert!(Reactor::of_this_thread().unwrap().timers.borrow().is_empty());
}

#[test]
fn a_reader_gets_what_came_before_and_what_comes_while_it_waits() {
    let (watched, mut far_end) = pipe();
    far_end.write_all(&[1, 2]).unwrap();
    complete(async {
        assert_eq!((byte(&watched).await, byte(&watched).await), (1, 2));
        let writer = async {
            sleep_until(clock::now() + millis(5)).await;
            far_end.write_all(&[3]).unwrap();
            future::pending().await
        };
        assert_eq!(byte(&watched).or(writer).await, 3);
    });
}

#[test]
fn what_nobody_waits_for_does_not_keep_the_loop_awake_and_is_not_lost() {
    let (watched, mut far_end) = pipe();
    let mut turns = 0;
    complete(async {
        far_end.write_all(&[1, 2, 3]).unwrap();
        assert_eq!(byte(&watched).await, 1);
        let mut pause = pin!(sleep_until(clock::now() + millis(20)));
        future::poll_fn(|context| {
            turns += 1;
            pause.as_mut().poll(context)
        })
        .await;
        assert!(!watched.0.is_registered.get());
        assert_eq!((byte(&watched).await, byte(&watched).await), (2, 3));
        assert!(watched.0.is_registered.get());
    });
    assert!(turns <= 3, "woken {turns} times");
}

#[test]
fn a_peer_that_is_gone_is_told_to_the_reader() {
    let (watched, far_end) = pipe();
    drop(far_end);
    complete(async { future::poll_fn(|context| watched.poll_readable(context)).await.unwrap() });
    assert_eq!(watched.io().read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_closed_source_is_forgotten_and_its_number_serves_the_next() {
    let (watched, mut far_end) = pipe();
    far_end.write_all(&[1]).unwrap();
    assert_eq!(complete(byte(&watched)), 1);
    let key = watched.0.key();
    drop(watched);
    let reactor = Reactor::of_this_thread().unwrap();
    assert!(reactor.sources.borrow()[key].is_none());
    let (watched, mut far_end) = pipe();
    far_end.write_all(&[2]).unwrap();
    assert_eq!(complete(byte(&watched)), 2);
}

#[test]
fn readers_have_their_turn_while_the_main_future_never_rests() {
    let (executor, (watched, mut far_end)) = (LocalExecutor::new(), pipe());
    far_end.write_all(&[7]).unwrap();
    let reader = executor.spawn(async move { byte(&watched).await });
    let mut pieces = 0;
    complete_with(&executor, async {
        while !reader.is_finished() {
            pieces += 1;
            future::yield_now().await;
        }
    });
    // Registered, reported, read: the main future works in between, and no more than that.
    assert!(pieces <= 4, "{pieces} pieces of work came first");
}

#[test]
fn tasks_run_before_the_main_future() {
    let executor = LocalExecutor::new();
    let (tell, order) = bounded(2);
    let told = tell.clone();
    executor.spawn(async move { told.try_send("task").unwrap() }).detach();
    complete_with(&executor, async { tell.try_send("main").unwrap() });
    assert_eq!([order.try_recv().unwrap(), order.try_recv().unwrap()], ["task", "main"]);
}

#[test]
fn no_wake_of_another_thread_is_lost() {
    const ROUNDS: u32 = 20_000;
    let ((ask, questions), (answer, answers)) = (bounded(1), bounded(1));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Ok(question) = smol::block_on(questions.recv()) {
                smol::block_on(answer.send(question)).unwrap();
            }
        });
        // Were a wake lost, this would stand still until the deadline of `complete`.
        complete(async {
            for round in 0..ROUNDS {
                ask.send(round).await.unwrap();
                assert_eq!(answers.recv().await.unwrap(), round);
            }
        });
        drop(ask);
    });
}

#[test]
fn a_bell_is_not_rung_for_a_thread_that_is_awake() {
    let bell = Bell::new().unwrap();
    bell.ring();
    assert_eq!(bell.event.read(), Err(Errno::EAGAIN));
    bell.is_awaited.store(true, SeqCst);
    bell.ring();
    assert_eq!(bell.event.read(), Ok(1));
}
