#include "loop/Errands.hxx"
#include "harness/Fuse.hxx"
#include "harness/Skip.hxx"
#include "harness/Wait.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <functional>
#include <map>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace loop;
using namespace std::chrono_literals;

namespace {

void Echo(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    answer.bytes = request.bytes;
}

void GetPid(const sys::Parcel &, sys::Parcel &answer) noexcept {
    answer.bytes = std::to_string(getpid());
}

void Hang(const sys::Parcel &, sys::Parcel &) noexcept {
    for (;;)
        pause();
}

void Die(const sys::Parcel &, sys::Parcel &) noexcept {
    _exit(1);
}

void Stat(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    struct stat status = {};
    answer.bytes = std::to_string(stat(request.bytes.c_str(), &status));
}

/** Takes as long as a busy one. */
void Take20Milliseconds(const sys::Parcel &, sys::Parcel &answer) noexcept {
    const timespec time = {0, 20'000'000};
    nanosleep(&time, nullptr);
    answer.bytes = "done";
}

struct Fixture {
    ~Fixture() {
        errands.reset();
        for (const pid_t pid : pids) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
    }

    Errands::Ticket Send(unsigned client, sys::Elsewhere::Function function, std::string bytes = "",
                         std::chrono::milliseconds deadline = 10s) {
        return errands->Send({client,
                              function,
                              {std::move(bytes), {}},
                              deadline,
                              Errands::Done::Make<&Fixture::OnDone>(*this)});
    }

    void OnDone(Errands::Ticket ticket, Errands::Answer answer) noexcept {
        order.push_back(ticket);
        answers.emplace(ticket, std::move(answer));
    }
    void OnForked(pid_t pid) noexcept { pids.push_back(pid); }

    const Errands::Answer &Await(Errands::Ticket ticket) {
        REQUIRE(harness::WaitFor([&] {
            loop.Turn(Loop::Wait::NO);
            return answers.contains(ticket);
        }));
        return answers.at(ticket);
    }

    MonotonicClock clock;
    Loop loop{clock};
    std::vector<pid_t> pids;
    std::vector<Errands::Ticket> order;
    std::map<Errands::Ticket, Errands::Answer> answers;
    std::optional<Errands> errands{std::in_place, loop,
                                   util::BoundMethod<void(pid_t)>::Make<&Fixture::OnForked>(*this)};
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "errands of one client run in their order in one process") {
    const auto first = Send(1, GetPid), second = Send(1, Echo, "b"), third = Send(1, GetPid);
    CHECK(answers.empty()); // never from within Send
    CHECK(Await(third).error == 0);
    CHECK(answers.at(second).parcel.bytes == "b");
    CHECK(order == std::vector{first, second, third});
    CHECK(answers.at(first).parcel.bytes == answers.at(third).parcel.bytes);
    CHECK(pids.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a late errand answers ETIMEDOUT, and the next has another process") {
    const auto late = Send(1, Hang, "", 20ms);
    CHECK(Await(late).error == ETIMEDOUT);
    CHECK(Await(Send(1, Echo, "x")).parcel.bytes == "x");
    CHECK(pids.size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "one client that hangs does not hold up another") {
    Send(1, Hang, "", 60s);
    const auto begin = harness::Now();
    CHECK(Await(Send(2, Echo, "x")).parcel.bytes == "x");
    CHECK(harness::SecondsSince(begin) < 30);
    CHECK(answers.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "short errands of many clients share one process") {
    std::vector<Errands::Ticket> tickets;
    for (unsigned client = 0; client < 50; client++)
        tickets.push_back(Send(client, Echo, std::to_string(client)));
    for (unsigned client = 0; client < 50; client++)
        CHECK(Await(tickets[client]).parcel.bytes == std::to_string(client));
    CHECK(pids.size() <= Errands::MOST_PROCESSES);
}

TEST_CASE_FIXTURE(Fixture, "long errands of many clients get more processes, up to the most") {
    std::vector<Errands::Ticket> tickets;
    for (unsigned client = 0; client < 20; client++)
        tickets.push_back(Send(client, Take20Milliseconds));
    for (const Errands::Ticket ticket : tickets)
        CHECK(Await(ticket).parcel.bytes == "done");
    CHECK(pids.size() > 1);
    CHECK(pids.size() <= Errands::MOST_PROCESSES);
}

TEST_CASE_FIXTURE(Fixture, "a process that dies answers EPIPE, and the next errand has another") {
    CHECK(Await(Send(1, Die)).error == EPIPE);
    CHECK(Await(Send(1, Echo, "x")).parcel.bytes == "x");
}

TEST_CASE_FIXTURE(Fixture, "a process that dies without an errand is replaced") {
    CHECK(Await(Send(1, Echo, "x")).error == 0);
    kill(pids.front(), SIGKILL);
    // Either it is noticed before the errand begins, or the errand answers EPIPE.
    const int error = Await(Send(1, Echo, "y")).error;
    CHECK((error == 0 || error == EPIPE));
    CHECK(Await(Send(1, Echo, "z")).parcel.bytes == "z");
}

TEST_CASE_FIXTURE(Fixture, "a cancelled errand is not answered") {
    const auto under_way = Send(1, Echo, "a");
    const auto waiting = Send(1, Echo, "b");
    errands->Cancel(waiting);
    errands->Cancel(under_way);
    CHECK(Await(Send(1, Echo, "c")).parcel.bytes == "c");
    CHECK(answers.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a request that is too large answers EMSGSIZE") {
    const std::string large(sys::Elsewhere::MOST_BYTES + 1, 'x');
    CHECK(Await(Send(1, Echo, large)).error == EMSGSIZE);
}

TEST_CASE_FIXTURE(Fixture, "no client leaves more than its share of processes behind") {
    const auto fuse = harness::Fuse::Mount();
    if (fuse == nullptr)
        HARNESS_SKIP("no FUSE file system can be mounted here");
    fuse->Stop();
    for (std::size_t i = 0; i < Errands::MOST_STUCK_OF_CLIENT; i++) {
        const auto stuck = Send(1, Stat, fuse->File(), 200ms);
        CHECK(Await(stuck).error == ETIMEDOUT);
    }
    // Whether they hang beyond SIGKILL depends on when their requests were read.
    MESSAGE(errands->Stuck() << " of " << Errands::MOST_STUCK_OF_CLIENT << " hang beyond SIGKILL");
    const bool full = errands->Stuck() == Errands::MOST_STUCK_OF_CLIENT;
    CHECK(Await(Send(1, Echo, "x")).error == (full ? EAGAIN : 0));
    CHECK(Await(Send(2, Echo, "x")).error == 0);
    fuse->Abort();
    CHECK(harness::WaitFor([&] { return errands->Stuck() == 0; }));
    CHECK(Await(Send(1, Echo, "x")).error == 0);
}
