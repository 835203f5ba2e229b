#include "sys/Elsewhere.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

using namespace sys;

namespace {

void Reverse(const Parcel &request, Parcel &answer) noexcept {
    answer.bytes.assign(request.bytes.rbegin(), request.bytes.rend());
}

void OpenPath(const Parcel &request, Parcel &answer) noexcept {
    answer.descriptors.emplace_back(AdoptTag(), open(request.bytes.c_str(), O_PATH | O_CLOEXEC));
}

void WriteTo(const Parcel &request, Parcel &answer) noexcept {
    for (const UniqueFd &fd : request.descriptors)
        answer.bytes += std::to_string(write(fd.Get(), "x", 1));
}

void CountDescriptors(const Parcel &, Parcel &answer) noexcept {
    for (int fd = 0; fd < 1024; fd++)
        if (unit::IsOpen(fd))
            answer.bytes += std::to_string(fd) + ' ';
}

void GetName(const Parcel &, Parcel &answer) noexcept {
    std::array<char, 16> name = {};
    prctl(PR_GET_NAME, name.data());
    answer.bytes = name.data();
}

void Die(const Parcel &, Parcel &) noexcept {
    _exit(7);
}

void Hang(const Parcel &, Parcel &) noexcept {
    for (;;)
        pause();
}

/** What a loop would do. */
std::optional<Parcel> Await(Elsewhere &process, int timeout = 10'000) {
    pollfd answer = {process.Descriptor().Get(), POLLIN, 0};
    poll(&answer, 1, timeout);
    return process.Receive();
}

std::string Ask(Elsewhere &process, Elsewhere::Function function, std::string_view bytes = "") {
    REQUIRE(process.Send(function, bytes) == 0);
    const auto answer = Await(process);
    REQUIRE(answer);
    return answer->bytes;
}

/** Reaps it; doctest's process is the parent. */
int End(const Elsewhere &process) {
    int status = -1;
    waitpid(process.Pid(), &status, 0);
    return status;
}

} // namespace

TEST_CASE("a function runs in the other process and answers") {
    Elsewhere process;
    CHECK(Ask(process, Reverse, "abc") == "cba");
    CHECK(Ask(process, Reverse, "") == "");
    CHECK(Ask(process, GetName) == "clusterize-look");
    const std::string most(Elsewhere::MOST_BYTES, 'x');
    CHECK(Ask(process, Reverse, most) == most);
    CHECK(process.Send(Reverse, most + 'x') == EMSGSIZE);
    process.Kill();
    End(process);
}

TEST_CASE("descriptors go there and come back, O_PATH among them") {
    Elsewhere process;
    REQUIRE(process.Send(OpenPath, "/") == 0);
    const auto answer = Await(process);
    REQUIRE(answer);
    REQUIRE(answer->descriptors.size() == 1);
    struct stat here = {}, there = {};
    CHECK(stat("/", &here) == 0);
    CHECK(fstat(answer->descriptors[0].Get(), &there) == 0);
    CHECK(here.st_ino == there.st_ino);

    const unit::Pipe pipe;
    std::vector<UniqueFd> ends;
    ends.emplace_back(AdoptTag(), fcntl(pipe.writer.Get(), F_DUPFD_CLOEXEC, 0));
    ends.emplace_back(AdoptTag(), fcntl(pipe.writer.Get(), F_DUPFD_CLOEXEC, 0));
    REQUIRE(process.Send(WriteTo, "", ends) == 0);
    REQUIRE(Await(process));
    CHECK(pipe.ReadNow() == "xx");
    process.Kill();
    End(process);
}

TEST_CASE("it keeps nothing of the caller's but its end of the socket") {
    const unit::Pipe pipe;
    Elsewhere process;
    CHECK(Ask(process, CountDescriptors) == "0 1 2 ");
    process.Kill();
    End(process);
}

TEST_CASE("an end without an answer is EPIPE") {
    Elsewhere process;
    REQUIRE(process.Send(Die, "") == 0);
    CHECK_FALSE(Await(process));
    CHECK(errno == EPIPE);
    CHECK(WEXITSTATUS(End(process)) == 7);
    CHECK(process.HasEnded());
    CHECK(process.Send(Reverse, "x") == EPIPE);
}

TEST_CASE("a process that hangs answers not yet, and is killed without being waited for") {
    Elsewhere process;
    CHECK_FALSE(process.Receive());
    CHECK(errno == EAGAIN);
    REQUIRE(process.Send(Hang, "") == 0);
    CHECK_FALSE(Await(process, 20));
    CHECK(errno == EAGAIN);
    CHECK_FALSE(process.HasEnded());
    process.Kill();
    CHECK(WTERMSIG(End(process)) == SIGKILL);
    CHECK(process.HasEnded());
}

TEST_CASE("a stopped process is killed") {
    Elsewhere process;
    CHECK(Ask(process, Reverse, "ab") == "ba");
    REQUIRE(kill(process.Pid(), SIGSTOP) == 0);
    REQUIRE(process.Send(Reverse, "cd") == 0);
    CHECK_FALSE(Await(process, 20));
    process.Kill();
    CHECK(WTERMSIG(End(process)) == SIGKILL);
}

TEST_CASE("it ends when its owner goes, and blocks what is sent to a whole group") {
    pid_t pid = 0;
    {
        Elsewhere process;
        pid = process.Pid();
        kill(pid, SIGTERM);
        CHECK(Ask(process, Reverse, "ab") == "ba");
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid);
}

TEST_CASE("what a round trip costs is printed") {
    Elsewhere process;
    constexpr int ROUNDS = 2000;
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < ROUNDS; i++)
        Ask(process, Reverse, "abc");
    const auto took = std::chrono::steady_clock::now() - begin;
    MESSAGE(
        "one round trip: " << std::chrono::duration_cast<std::chrono::nanoseconds>(took).count() /
                                  ROUNDS
                           << " ns");
    process.Kill();
    End(process);
}
