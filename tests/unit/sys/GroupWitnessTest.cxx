#include "sys/GroupWitness.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <unistd.h>

using namespace sys;

TEST_CASE("what is sent to the group is seen, and what is sent to the caller alone is not") {
    CHECK(unit::InFork([] {
              setpgid(0, 0);
              for (const int signo : {SIGTERM, SIGUSR1, SIGUSR2})
                  signal(signo, SIG_IGN);
              GroupWitness witness;
              kill(getpid(), SIGUSR1);
              FORKED_CHECK(!witness.Saw(SIGUSR1));
              kill(-getpid(), SIGTERM);
              FORKED_CHECK(witness.Saw(SIGTERM));
              FORKED_CHECK(!witness.Saw(SIGUSR2));
              GroupWitness next;
              FORKED_CHECK(!next.Saw(SIGTERM));
              for (GroupWitness *one : {&witness, &next})
                  one->End(std::chrono::seconds(10));
              FORKED_CHECK(!witness.Saw(SIGTERM));
              return 0;
          }) == 0);
}
