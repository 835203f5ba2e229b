#include "output/Stream.hxx"
#include "output/Lines.hxx"
#include "unit/output/Sources.hxx"

#include <doctest/doctest.h>

using namespace output;

namespace {

struct Fixture : unit::Plumbing, LineTaker {
    Fixture() {
        fcntl(pipe.reader.Get(), F_SETFL, O_NONBLOCK);
        stream.emplace(loop, static_cast<LineTaker &>(*this), drain, std::move(pipe.reader),
                       pool::WorkerRef{3, 2, 1, 4242}, false, "");
    }

    void Take(const Stream &, std::string_view line) noexcept override {
        lines.append(line).append("|");
        if (through)
            drain.GetOutlet().Add({}, line);
    }
    void Ended(Stream &) noexcept override { ended++; }

    std::string Lines() { return std::exchange(lines, {}); }

    unit::Pipe pipe; // the worker's
    std::optional<Stream> stream;
    std::string lines;
    int ended = 0;
    bool through = false; // to the drain
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "whole lines, as they come; the end of one is waited for") {
    unit::Feed(pipe.writer, "one\ntwo\nthr");
    Turn();
    CHECK(Lines() == "one|two|");
    unit::Feed(pipe.writer, "ee");
    Turn();
    CHECK(Lines().empty());
    unit::Feed(pipe.writer, "\n\nfour\n");
    Turn();
    CHECK(Lines() == "three||four|");
    CHECK(ended == 0);
}

TEST_CASE_FIXTURE(Fixture, "the last line needs no newline, and the end is the last writer's") {
    sys::UniqueFd copy(sys::AdoptTag(), fcntl(pipe.writer.Get(), F_DUPFD_CLOEXEC, 0));
    unit::Feed(pipe.writer, "one\nlast");
    pipe.writer.Close();
    Turn();
    CHECK(Lines() == "one|");
    CHECK_FALSE(stream->HasEnded());
    copy.Close();
    Turn();
    CHECK(Lines() == "last|");
    CHECK(stream->HasEnded());
    CHECK(ended == 1);
    CHECK_FALSE(drain.HasSources());
}

TEST_CASE_FIXTURE(Fixture, "a line that is too long is cut") {
    std::string text(LONGEST_LINE + 1000, 'x');
    text += "\nnext\n";
    for (std::size_t fed = 0; fed < text.size();) {
        fed += unit::Feed(pipe.writer, std::string_view(text).substr(fed));
        Turn();
    }
    CHECK(Lines() == std::string(LONGEST_LINE, 'x') + "|" + std::string(1000, 'x') + "|next|");
}

TEST_CASE_FIXTURE(Fixture, "nothing is read while there is no room: the worker has to wait") {
    through = true;
    const std::string line = std::string(1023, 'l') + "\n";
    int fed = 0, idle = 0;
    for (int i = 0; i < 100'000 && idle < 10; i++) {
        const bool taken = unit::Feed(pipe.writer, line) == line.size();
        fed += taken ? 1 : 0;
        idle = taken ? 0 : idle + 1;
        Turn(1);
    }
    REQUIRE(idle == 10); // full
    CHECK(fed > 300);
    CHECK(fed < 600); // two pipes, what the drain keeps, and what the stream keeps
    pipe.writer.Close();
    std::size_t got = 0;
    for (int i = 0; i < 10'000 && got < static_cast<std::size_t>(fed) * 1024; i++) {
        got += sink.ReadNow().size();
        Turn(1);
    }
    CHECK(got == static_cast<std::size_t>(fed) * 1024);
    Turn();
    CHECK(stream->HasEnded());
}

TEST_CASE_FIXTURE(Fixture, "closed by the drain: the worker learns it") {
    stream->Close();
    CHECK(stream->HasEnded());
    pollfd writer = {pipe.writer.Get(), POLLOUT, 0};
    CHECK(poll(&writer, 1, 0) == 1);
    CHECK((writer.revents & POLLERR) != 0);
}

TEST_CASE_FIXTURE(Fixture, "at the end a writer that is nobody of ours is not waited for") {
    unit::Feed(pipe.writer, "one\nlast");
    stream->Finish();
    CHECK(Lines() == "one|last|");
    CHECK(stream->HasEnded());
}

TEST_CASE_FIXTURE(Fixture, "what is dropped is counted") {
    unit::Feed(pipe.writer, "begin");
    Turn();
    unit::Feed(pipe.writer, "-end\ntwo\nthree");
    CHECK(stream->Discard() == 3);
    CHECK(stream->HasEnded());
    CHECK(Lines().empty());
}

TEST_CASE_FIXTURE(Fixture, "dropping ends although a writer goes on and on") {
    sys::UniqueFd endless(sys::AdoptTag(), open("/dev/random", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(endless.IsDefined());
    Stream source(loop, static_cast<LineTaker &>(*this), drain, std::move(endless),
                  pool::WorkerRef{4, 3, 1, 4243}, false, "");
    CHECK(source.Discard() > 0);
    CHECK(source.HasEnded());
}
