"""Standard output and error, which never block or fail."""

import os
import threading

import pytest

from backend.process.output import Output, OutputStream
from tests.rig.pipes import fill, open_pipe, read_until


@pytest.fixture
def pipe():
    with open_pipe() as ends:
        yield ends


def test_what_is_written_arrives_whole_and_in_order(pipe):
    output = Output(pipe[1])
    for number in range(500):
        output.write(f"line {number}\n")
    output.flush()
    assert os.read(pipe[0], 65_536).decode().splitlines() == [f"line {n}" for n in range(500)]


def test_many_threads_lose_nothing(pipe):
    output = Output(pipe[1])
    threads = [
        threading.Thread(target=lambda: [output.write("line\n") for _ in range(200)])
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    output.flush()
    assert os.read(pipe[0], 65_536) == b"line\n" * 1600


def test_a_reader_who_has_gone_stops_nobody(pipe):
    pipe.close(pipe[0])
    output = Output(pipe[1])
    output.write("lost\n")
    output.flush()
    output.write("lost too\n")
    output.flush()


def test_a_reader_who_does_not_read_stops_nobody_and_hears_how_much_was_dropped(pipe):
    dropped = []
    output = Output(pipe[1], capacity=1000)
    output.on_dropped = lambda lines: (dropped.append(lines), output.write(f"dropped {lines}\n"))
    fill(pipe[1])
    for number in range(1000):
        output.write(f"line {number:04}\n")
    output.flush(timeout=0.01)

    lines = read_until(pipe[0], b"dropped").lstrip(b"x").decode().splitlines()
    kept = [line for line in lines if line.startswith("line")]
    assert kept == [f"line {number:04}" for number in range(len(kept))]
    assert dropped == [1000 - len(kept)]


def test_a_disk_that_was_full_is_told_of_too():
    dropped = []
    full = os.open("/dev/full", os.O_WRONLY)
    output = Output(full)
    output.on_dropped = dropped.append
    output.write("one\ntwo\n")
    output.flush()
    read, write = os.pipe()
    os.dup2(write, full)  # there is room again
    output.write("three\n")
    output.flush()
    assert (os.read(read, 100), dropped) == (b"three\n", [2])
    for each in (read, write, full):
        os.close(each)


def test_a_descriptor_that_others_made_non_blocking_loses_nothing(pipe):
    output = Output(pipe[1])
    os.set_blocking(pipe[1], False)
    output.write("x" * 200_000 + "\n")
    assert len(read_until(pipe[0], b"\n")) == 200_001


def test_what_is_printed_goes_out_by_whole_lines_and_cleaned(pipe):
    output = Output(pipe[1])
    printed = OutputStream(output, pipe[1], lambda text: text.replace("secret", "***"))
    for piece in ("a sec", "ret\nand ", "more\n"):
        printed.write(piece)
    output.flush()
    assert os.read(pipe[0], 100) == b"a ***\nand more\n"
