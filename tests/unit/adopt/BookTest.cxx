#include "adopt/Book.hxx"

#include <doctest/doctest.h>

using namespace adopt;

namespace {

net::Endpoint At(std::string_view host, unsigned port, bool both_families = false) {
    net::Endpoint at;
    at.address = *net::Address::FromLiteral(host, port);
    at.both_families = both_families;
    return at;
}

void AddSlot(Book &book, std::uint64_t inode, const net::Endpoint &at, bool reuse_port = false) {
    KnownSocket &known = book.Make(inode);
    known.kind = KnownSocket::Kind::SEAT;
    known.at = at;
    known.reuse_port = reuse_port;
}

KnownSocket Wanted(unsigned port, bool reuse_port = false) {
    KnownSocket wanted;
    wanted.at = At("127.0.0.1", port);
    wanted.reuse_port = reuse_port;
    return wanted;
}

using Inodes = std::vector<std::uint64_t>;

} // namespace

TEST_CASE("addresses that overlap") {
    CHECK(Overlap(At("127.0.0.1", 80), At("127.0.0.1", 80)));
    CHECK_FALSE(Overlap(At("127.0.0.1", 80), At("127.0.0.1", 81)));
    CHECK_FALSE(Overlap(At("127.0.0.1", 80), At("127.0.0.2", 80)));
    CHECK(Overlap(At("0.0.0.0", 80), At("127.0.0.2", 80)));
    CHECK(Overlap(At("127.0.0.2", 80), At("0.0.0.0", 80)));
    CHECK(Overlap(At("::1", 80), At("::", 80)));
}

TEST_CASE("IPv6 is in the way of IPv4 where it serves both") {
    CHECK(Overlap(At("::", 80, true), At("127.0.0.1", 80)));
    CHECK(Overlap(At("0.0.0.0", 80), At("::", 80, true)));
    CHECK_FALSE(Overlap(At("::", 80, false), At("0.0.0.0", 80)));
    CHECK_FALSE(Overlap(At("::1", 80), At("127.0.0.1", 80)));
}

TEST_CASE("TCP and UDP are apart, and so are unix sockets") {
    net::Endpoint udp = At("127.0.0.1", 80);
    udp.type = SOCK_DGRAM;
    CHECK_FALSE(Overlap(At("127.0.0.1", 80), udp));
    net::Endpoint path;
    path.address = net::Address::Unix("/run/x", false);
    CHECK_FALSE(Overlap(path, path)); // it may have been unlinked
    net::Endpoint name, other;
    name.address = net::Address::Unix("x", true);
    other.address = net::Address::Unix("y", true);
    CHECK(Overlap(name, name));
    CHECK_FALSE(Overlap(name, other));
    CHECK_FALSE(Overlap(name, At("127.0.0.1", 80)));
}

TEST_CASE("what listens is in the way, what is only bound is not, with SO_REUSEADDR") {
    Book book;
    AddSlot(book, 1, At("127.0.0.1", 80));
    KnownSocket &placeholder = book.Make(2);
    placeholder.kind = KnownSocket::Kind::PLACEHOLDER;
    placeholder.at = At("127.0.0.1", 80);
    CHECK(book.InTheWayOfBinding(Wanted(80)) == Inodes{1});
    CHECK(book.InTheWayOfListening(Wanted(80)) == Inodes{1});
    CHECK(book.InTheWayOfBinding(Wanted(81)).empty());
}

TEST_CASE("of two sockets that are only bound both need SO_REUSEADDR, or both SO_REUSEPORT") {
    Book book;
    KnownSocket &plain = book.Make(1);
    plain.kind = KnownSocket::Kind::PLACEHOLDER;
    plain.at = At("127.0.0.1", 80);
    plain.reuse_address = false;
    CHECK(book.InTheWayOfBinding(Wanted(80)) == Inodes{1});
    CHECK(book.InTheWayOfListening(Wanted(80)).empty());
    CHECK(book.InTheWayOfBinding(Wanted(80, true)) == Inodes{1});
    plain.reuse_port = true;
    CHECK(book.InTheWayOfBinding(Wanted(80)) == Inodes{1});
    CHECK(book.InTheWayOfBinding(Wanted(80, true)).empty());
}

TEST_CASE("SO_REUSEPORT on both lets them share") {
    Book book;
    AddSlot(book, 1, At("127.0.0.1", 80), true);
    AddSlot(book, 2, At("127.0.0.1", 81), false);
    CHECK(book.InTheWayOfBinding(Wanted(80, true)).empty());
    CHECK(book.InTheWayOfBinding(Wanted(80)) == Inodes{1});
    CHECK(book.InTheWayOfBinding(Wanted(81, true)) == Inodes{2});
}

TEST_CASE("a program that opens sockets without end is remembered up to a limit, the latest ones") {
    Book book;
    for (std::uint64_t inode = 1; inode <= 3 * Book::MOST; inode++) {
        book.Make(inode);
        REQUIRE(book.Size() <= Book::MOST);
        REQUIRE(book.Find(inode) != nullptr);
    }
    CHECK(book.Find(1) == nullptr);
    CHECK(book.Find(3 * Book::MOST - 1) != nullptr);
}

TEST_CASE("a socket is known once, and can be forgotten") {
    Book book;
    book.Make(7).reuse_port = true;
    CHECK(book.Make(7).reuse_port);
    CHECK(book.Size() == 1);
    book.Forget(7);
    CHECK(book.Find(7) == nullptr);
}
