#include "harness/TempDir.hxx"
#include "unit/Forked.hxx"
#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <functional>
#include <sys/socket.h>
#include <unistd.h>

using namespace net;
using namespace unit;

namespace {

ListenSpec Adopted(const std::string &path) {
    ListenSpec spec = UnixPath(path);
    spec.origin = ListenSpec::Origin::ADOPTED;
    return spec;
}

/** Makes a listener, describes it, and in a process that has inherited the descriptors makes
 *  another of that, as after exec(2). Returns 0 if that describes itself in the same words and
 *  `check` passes. */
int MakeAgain(const ListenSpec &spec, unsigned seats,
              const std::function<void(Listener &, Seating &)> &prepare,
              const std::function<int(Listener &)> &check) {
    const Policy policy(true);
    ListenerContext context(policy, seats);
    for (unsigned seat = 0; seat < seats; seat++)
        context.seating.Take(seat);
    Listener listener(spec, context, 7);
    prepare(listener, context.seating);
    const Listener::Description described = listener.Describe();
    const int status = InFork([&] {
        ListenerContext again(policy, seats);
        for (unsigned seat = 0; seat < seats; seat++) {
            again.seating.Take(seat);
            if (context.seating.At(seat).ready)
                again.seating.Activate(seat);
        }
        // Nothing of it is destroyed: this process is to own each descriptor once.
        Listener *made = new Listener(described, again); // NOLINT
        FORKED_CHECK(made->Describe() == described);
        for (const Seat &seat : made->Seats())
            FORKED_CHECK(!seat.socket.IsDefined() ||
                         (fcntl(seat.socket.Get(), F_GETFD) & FD_CLOEXEC) != 0);
        return check(*made);
    });
    listener.Sockets().RemoveFiles();
    return status;
}

} // namespace

TEST_CASE("describe, make, describe: a group whose sockets have changed places, with its set") {
    CHECK(MakeAgain(
              Tcp(), 4,
              [](Listener &listener, Seating &seating) {
                  seating.Activate(1);
                  seating.Activate(3);
                  listener.Steer();
                  listener.Serve(3);
                  static_cast<void>(shutdown(listener.SocketOf(1).Get(), SHUT_RD));
                  static_cast<void>(listener.Mend(1)); // it is the last now: 0 3 2 1
              },
              [](Listener &made) {
                  FORKED_CHECK(
                      (made.GetSteering().Describe().order == std::vector<unsigned>{0, 3, 2, 1}));
                  FORKED_CHECK(made.Seats()[3].serving);
                  FORKED_CHECK(made.StandingOf(1) == Standing::ACTIVE);
                  FORKED_CHECK(Dial(made.Spec().at.address).IsDefined());
                  FORKED_CHECK(made.StandingOf(0) == Standing::NOT_READY);
                  return 0;
              }) == 0);
}

TEST_CASE(
    "describe, make, describe: a unix path that was asked for, and its file goes at the end") {
    const harness::TempDir directory;
    const std::string path = directory / "x.sock";
    CHECK(MakeAgain(
              UnixPath(path), 2, [](Listener &, Seating &) {},
              [&](Listener &made) {
                  FORKED_CHECK(made.Where() == path);
                  FORKED_CHECK(Dial(made.Spec().at.address).IsDefined());
                  made.Sockets().RemoveFiles();
                  FORKED_CHECK(access(path.c_str(), F_OK) != 0);
                  return 0;
              }) == 0);
}

TEST_CASE("describe, make, describe: an adopted path, and its second name") {
    const harness::TempDir directory;
    const std::string path = directory / "x.sock";
    CHECK(MakeAgain(
              Adopted(path), 2, [](Listener &listener, Seating &) { listener.Serve(1); },
              [&](Listener &made) {
                  FORKED_CHECK(made.WasServed());
                  FORKED_CHECK(unlink(path.c_str()) == 0);
                  FORKED_CHECK(made.Sockets().Held().Restore(std::nullopt) == 0);
                  FORKED_CHECK(Dial(made.Spec().at.address).IsDefined());
                  made.Sockets().RemoveFiles();
                  FORKED_CHECK(access((directory / ".x.sock.clusterize").c_str(), F_OK) != 0);
                  return 0;
              }) == 0);
}
