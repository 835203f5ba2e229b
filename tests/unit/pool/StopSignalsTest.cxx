#include "pool/StopSignals.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <sys/prctl.h>

using namespace pool;

namespace {

constexpr pid_t BEYOND = 2147480000; // no process has this number

void Nothing(int) {}

/** What asks a process of this name with handlers for these signals to end. */
int Of(const char *name, std::initializer_list<int> handled, int guess = SIGTERM) {
    const unit::Forked process([&] {
        prctl(PR_SET_NAME, name);
        for (const int signo : handled)
            signal(signo, Nothing);
    });
    return StopSignalOf(process.pid, guess);
}

} // namespace

TEST_CASE("a program of the table that handles its signal") {
    CHECK(Of("nginx", {SIGQUIT, SIGTERM}) == SIGQUIT);
    CHECK(Of("httpd", {SIGWINCH}) == SIGWINCH);
    CHECK(Of("uwsgi_python3", {SIGQUIT}) == SIGQUIT);
    CHECK(Of("unicorn_rails", {SIGQUIT}) == SIGQUIT);
}

TEST_CASE("one of the same name that does not") {
    CHECK(Of("httpd", {SIGTERM, SIGHUP}) == SIGTERM);
    CHECK(Of("httpd", {}, SIGWINCH) == SIGTERM);
}

TEST_CASE("a runtime that catches every signal does not ask for one") {
    const unit::Forked process([] {
        prctl(PR_SET_NAME, "httpd");
        for (int signo = 1; signo <= SIGRTMAX; signo++)
            signal(signo, Nothing);
    });
    CHECK(StopSignalOf(process.pid) == SIGTERM);
}

TEST_CASE("what the command or its contract suggests counts for a program that is not there") {
    CHECK(Of("ruby", {SIGQUIT}, SIGQUIT) == SIGQUIT);
    CHECK(Of("nginx", {SIGQUIT, SIGUSR2}, SIGUSR2) == SIGQUIT);
    CHECK(Of("ruby", {}, SIGUSR2) == SIGTERM);
}

TEST_CASE("without /proc it is the suggestion") {
    CHECK(StopSignalOf(BEYOND, SIGQUIT) == SIGQUIT);
    CHECK(StopSignalOf(BEYOND) == SIGTERM);
}
