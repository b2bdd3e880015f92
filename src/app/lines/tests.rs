//! Lines that are made up, in place of the kernel's.

use super::*;
use crate::config::load;

/// Lines by their names, and what was done to them.
#[derive(Default)]
struct Board {
    missing: RefCell<Vec<&'static str>>,
    /// `GPIO17 on`
    done: Rc<RefCell<Vec<String>>>,
    closed: Rc<RefCell<VecDeque<Result<(), LineError>>>>,
    asked: Cell<usize>,
    /// As the kernel has it, a line is given to one at a time.
    taken: Rc<RefCell<Vec<String>>>,
}

struct FakePin {
    claim: Claim,
    done: Rc<RefCell<Vec<String>>>,
}

struct FakeSwitch {
    _claim: Claim,
    closed: Rc<RefCell<VecDeque<Result<(), LineError>>>>,
}

/// A line that is taken until this is dropped.
struct Claim {
    line: String,
    taken: Rc<RefCell<Vec<String>>>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.taken.borrow_mut().retain(|line| *line != self.line);
    }
}

impl Board {
    fn find(&self, line: &Line) -> Result<Claim, LineError> {
        self.asked.set(self.asked.get() + 1);
        let line = line.to_string();
        if self.missing.borrow().contains(&line.as_str()) {
            return Err(LineError::UnknownLine { line });
        }
        if self.taken.borrow().contains(&line) {
            return Err(LineError::Taken { owner: "paging".to_owned() });
        }
        self.taken.borrow_mut().push(line.clone());
        Ok(Claim { line, taken: Rc::clone(&self.taken) })
    }

    fn done(&self) -> Vec<String> {
        self.done.take()
    }
}

impl Pins for Board {
    fn output(&self, line: &Line) -> Result<Box<dyn Pin>, LineError> {
        Ok(Box::new(FakePin { claim: self.find(line)?, done: Rc::clone(&self.done) }))
    }

    fn input(&self, button: &Button) -> Result<Box<dyn Switch>, LineError> {
        let claim = self.find(button.line.as_ref().unwrap())?;
        Ok(Box::new(FakeSwitch { _claim: claim, closed: Rc::clone(&self.closed) }))
    }
}

impl Pin for FakePin {
    fn set(&self, is_on: bool) -> Result<(), LineError> {
        self.done.borrow_mut().push(format!("{} {}", self.claim.line, if is_on { "on" } else { "off" }));
        Ok(())
    }
}

impl Drop for FakePin {
    fn drop(&mut self) {
        self.done.borrow_mut().push(format!("{} given back", self.claim.line));
    }
}

impl Switch for FakeSwitch {
    fn poll_closed(&self, _: &mut Context<'_>) -> Poll<Result<(), LineError>> {
        self.closed.borrow_mut().pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

fn settings(text: &str) -> Settings {
    load(&[("a", text.as_bytes())], [], &[]).settings
}

fn lines(board: &Rc<Board>, text: &str) -> (Lines<'static>, Rc<LocalExecutor<'static>>) {
    let executor = Rc::new(LocalExecutor::new());
    let pins = Rc::clone(board) as Rc<dyn Pins>;
    (Lines::new(&settings(text), pins, Rc::clone(&executor), Rc::default()), executor)
}

/// Lets tasks run until all of them wait.
fn run(executor: &LocalExecutor<'_>) {
    while executor.try_tick() {}
}

/// Of a box that has begun now: what is made looks at the clock once.
fn after(start: Instant, millis: u64) -> Instant {
    start + Duration::from_millis(millis)
}

const RELAY: &str = "[gpio]\nrelay = GPIO17\nrelay-lead = 200\nrelay-lag = 2\n";

#[test]
fn the_relay_follows_the_sound_and_is_off_when_the_box_ends() {
    let board = Rc::new(Board::default());
    let (mut lines, _) = lines(&board, RELAY);
    let start = clock::now();
    assert_eq!(board.done(), [""; 0], "it is taken off, and off it stays");
    assert_eq!(lines.open(start), after(start, 200));
    lines.handle_sound(after(start, 200), true);
    assert_eq!(lines.open(after(start, 300)), after(start, 300));
    lines.handle_sound(after(start, 400), false);
    assert_eq!(lines.poll_timeout(), Some(after(start, 2400)));
    assert_eq!(board.done(), ["GPIO17 on"]);
    lines.handle_sound(after(start, 2400), false);
    assert_eq!(board.done(), ["GPIO17 off"]);
    lines.open(after(start, 3000));
    lines.stop(after(start, 3001));
    drop(lines);
    assert_eq!(board.done(), ["GPIO17 on", "GPIO17 off", "GPIO17 given back"]);
}

#[test]
fn without_a_relay_nothing_waits() {
    let board = Rc::new(Board::default());
    let (mut lines, _) = lines(&board, "");
    let now = clock::now();
    assert_eq!(lines.open(now), now);
    lines.handle_sound(now, false);
    assert!(lines.poll_timeout().is_none() && lines.status().is_empty() && board.done().is_empty());
}

#[test]
fn a_relay_that_is_not_there_holds_nobody_up_and_is_looked_for() {
    let board = Rc::new(Board::default());
    board.missing.borrow_mut().push("GPIO17");
    let (mut lines, _) = lines(&board, RELAY);
    let start = clock::now();
    assert_eq!(lines.open(start), start);
    for millis in 0..100 {
        lines.handle_sound(after(start, millis), true);
    }
    assert_eq!(board.asked.get(), 1);
    let status = lines.status();
    assert_eq!((status[0].state, status.len()), (LineState::Missing, 1));
    assert!(status[0].fault.as_deref().is_some_and(|fault| fault.contains("GPIO17")), "{status:?}");
    board.missing.borrow_mut().clear();
    lines.handle_sound(after(start, 31_000), true);
    assert_eq!((board.done(), lines.status()[0].state), (vec!["GPIO17 on".to_owned()], LineState::On));
}

#[test]
fn the_lamp_is_on_while_all_is_well() {
    let board = Rc::new(Board::default());
    let (mut lines, _) = lines(&board, "[gpio]\nhealthy = gpiochip0 1\n");
    let start = clock::now();
    assert!(lines.asks_health(start));
    lines.set_healthy(start, true);
    assert!(!lines.asks_health(start) && lines.asks_health(after(start, 1000)));
    assert_eq!(lines.poll_timeout(), Some(after(start, 1000)));
    lines.set_healthy(after(start, 1000), true);
    lines.set_healthy(after(start, 2000), false);
    assert_eq!(board.done(), ["gpiochip0:1 on", "gpiochip0:1 off"]);
    lines.set_healthy(after(start, 3000), true);
    lines.stop(after(start, 3001));
    assert_eq!(board.done(), ["gpiochip0:1 on", "gpiochip0:1 off"]);
}

#[test]
fn other_settings_give_back_only_what_has_changed() {
    let board = Rc::new(Board::default());
    let (mut lines, executor) = lines(&board, &format!("{RELAY}healthy = GPIO27\n{DESK}"));
    let start = clock::now();
    lines.open(start);
    lines.set_healthy(start, true);
    run(&executor);
    board.done();
    let asked = board.asked.get();
    lines.set_options(start, &settings(&format!("{RELAY}healthy = GPIO4\n{DESK}")));
    lines.set_healthy(start, true);
    run(&executor);
    assert_eq!(board.done(), ["GPIO27 given back", "GPIO4 on"]);
    assert_eq!(board.asked.get(), asked + 1);
    lines.set_options(start, &settings(""));
    assert_eq!(board.done(), ["GPIO17 given back", "GPIO4 given back"]);
    assert_eq!(lines.status(), []);
}

const DESK: &str = "[button desk]\nline = GPIO22\ndo = stop\n";

#[test]
fn a_press_is_told_once_and_counted() {
    let board = Rc::new(Board::default());
    board.closed.borrow_mut().push_back(Ok(()));
    let (lines, executor) = lines(&board, DESK);
    assert_eq!(lines.poll_press(), None);
    run(&executor);
    assert_eq!(lines.poll_press(), Some(("desk".to_owned(), Press::Stop)));
    assert_eq!(lines.poll_press(), None);
    let status = &lines.status()[0];
    assert_eq!((status.state, status.presses, status.name.as_str()), (LineState::Ready, 1, "desk"));
}

#[test]
fn a_button_that_is_not_there_is_shown_and_a_storm_of_presses_is_bounded() {
    let board = Rc::new(Board::default());
    board.missing.borrow_mut().push("GPIO22");
    let (absent, executor) = lines(&board, DESK);
    run(&executor);
    assert_eq!(absent.status()[0].state, LineState::Missing);
    board.missing.borrow_mut().clear();
    board.closed.borrow_mut().extend((0..1000).map(|_| Ok(())));
    board.closed.borrow_mut().push_back(Err(LineError::NoChip));
    let (pressed, executor) = lines(&board, DESK);
    run(&executor);
    assert_eq!(core::iter::from_fn(|| pressed.poll_press()).count(), MAX_PRESSES);
    let status = &pressed.status()[0];
    assert_eq!((status.state, status.presses), (LineState::Missing, 1000));
}

#[test]
fn a_line_that_was_a_button_is_the_relay_at_once() {
    let board = Rc::new(Board::default());
    let (mut lines, executor) = lines(&board, DESK);
    run(&executor);
    let now = clock::now();
    lines.set_options(now, &settings("[gpio]\nrelay = GPIO22\n"));
    lines.open(now);
    assert_eq!(lines.status()[0].state, LineState::On, "{:?}", lines.status());
    lines.set_options(now, &settings(DESK));
    run(&executor);
    assert_eq!(lines.status()[0].state, LineState::Ready);
}
