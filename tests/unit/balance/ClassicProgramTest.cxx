#include "balance/ClassicProgram.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>

using namespace balance;

namespace {

using Packet = std::vector<std::uint8_t>; // from the network header on

/** What linux/filter.h means, for the instructions of such a program. nullopt: the kernel would
 *  refuse it or the packet ends too early. */
std::optional<std::uint32_t> Interpret(const std::vector<sock_filter> &program,
                                       const Packet &packet, std::uint32_t random) {
    std::uint32_t a = 0, x = 0;
    const auto load = [&](std::uint32_t k, unsigned bytes) {
        if (k == static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)) {
            a = random;
            return bytes == 4;
        }
        const auto offset = static_cast<std::int64_t>(static_cast<std::int32_t>(k)) - SKF_NET_OFF;
        if (offset < 0 || offset + bytes > static_cast<std::int64_t>(packet.size()))
            return false;
        a = 0;
        for (unsigned i = 0; i < bytes; i++)
            a = a << 8 | packet[static_cast<std::size_t>(offset) + i];
        return true;
    };
    for (std::size_t pc = 0; pc < program.size(); pc++) {
        const sock_filter &in = program[pc];
        switch (in.code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (!load(in.k, 4))
                return std::nullopt;
            break;
        case BPF_LD | BPF_H | BPF_ABS:
            if (!load(in.k, 2))
                return std::nullopt;
            break;
        case BPF_LD | BPF_B | BPF_ABS:
            if (!load(in.k, 1))
                return std::nullopt;
            break;
        case BPF_ALU | BPF_ADD | BPF_K:
            a += in.k;
            break;
        case BPF_ALU | BPF_MUL | BPF_K:
            a *= in.k;
            break;
        case BPF_ALU | BPF_MOD | BPF_K:
            if (in.k == 0)
                return std::nullopt;
            a %= in.k;
            break;
        case BPF_ALU | BPF_RSH | BPF_K:
            a >>= in.k;
            break;
        case BPF_ALU | BPF_XOR | BPF_X:
            a ^= x;
            break;
        case BPF_MISC | BPF_TAX:
            x = a;
            break;
        case BPF_JMP | BPF_JA:
            pc += in.k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += a == in.k ? in.jt : in.jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            pc += a >= in.k ? in.jt : in.jf;
            break;
        case BPF_RET | BPF_K:
            return in.k;
        case BPF_RET | BPF_A:
            return a;
        default:
            return std::nullopt;
        }
    }
    return std::nullopt; // ran out of the program
}

using Indices = std::vector<unsigned>;

/** What each rank is mapped to. */
Indices MapRanks(const std::vector<sock_filter> &program, std::size_t ranks) {
    Indices mapped;
    for (std::uint32_t rank = 0; rank < ranks; rank++)
        mapped.push_back(Interpret(program, {}, rank).value_or(UINT32_MAX));
    return mapped;
}

Indices Range(unsigned begin, unsigned end) {
    Indices indices(end - begin);
    std::iota(indices.begin(), indices.end(), begin);
    return indices;
}

Indices Sorted(Indices indices) {
    std::sort(indices.begin(), indices.end());
    return indices;
}

/** The program is one the kernel takes, and maps the ranks to exactly the active ones. */
void CheckExact(const Indices &active) {
    CAPTURE(active.size());
    const auto program = MakeProgram(Choice::RANDOM, active);
    CHECK(program.size() <= BPF_MAXINSNS);
    CHECK(Sorted(MapRanks(program, active.size())) == active);
    // Any number, not only a rank, leads to an active one.
    for (const std::uint32_t random : {0x7fffffffU, 0x80000000U, 0xfffffffeU, 0xffffffffU}) {
        const auto chosen = Interpret(program, {}, random);
        REQUIRE(chosen);
        CHECK(std::binary_search(active.begin(), active.end(), *chosen));
    }
}

Packet Ipv4(std::uint32_t source, std::uint16_t port) {
    Packet packet(28);
    packet[0] = 0x45;
    for (unsigned i = 0; i < 4; i++)
        packet[12 + i] = static_cast<std::uint8_t>(source >> (24 - 8 * i));
    packet[20] = static_cast<std::uint8_t>(port >> 8);
    packet[21] = static_cast<std::uint8_t>(port);
    return packet;
}

Packet Ipv6(std::uint32_t last_word, std::uint16_t port) {
    Packet packet(48);
    packet[0] = 0x60;
    packet[8] = 0x20;
    for (unsigned i = 0; i < 4; i++)
        packet[20 + i] = static_cast<std::uint8_t>(last_word >> (24 - 8 * i));
    packet[40] = static_cast<std::uint8_t>(port >> 8);
    packet[41] = static_cast<std::uint8_t>(port);
    return packet;
}

} // namespace

TEST_CASE("every active set of up to ten members, exactly") {
    for (unsigned members = 1; members <= 10; members++)
        for (unsigned bits = 1; bits < 1U << members; bits++) {
            Indices active;
            for (unsigned i = 0; i < members; i++)
                if ((bits >> i & 1) != 0)
                    active.push_back(i);
            CheckExact(active);
        }
}

TEST_CASE("random sets of larger groups") {
    std::mt19937 random(4711);
    for (const unsigned members : {11U, 64U, 65U, 255U, 256U, 257U, 1000U})
        for (const unsigned percent : {1U, 10U, 49U, 50U, 51U, 90U, 99U}) {
            Indices active;
            for (unsigned i = 0; i < members; i++)
                if (random() % 100 < percent)
                    active.push_back(i);
            if (!active.empty())
                CheckExact(active);
        }
}

TEST_CASE("a program is as long as its set has holes, whatever their size") {
    const auto length = [](const Indices &active) {
        return MakeProgram(Choice::RANDOM, active).size();
    };
    CHECK(length(Range(0, 1000)) == 3);
    CHECK(length({5}) == 5);
    CHECK(length({5, 900}) == 7);
    CHECK(length(Range(0, 2000)) == 3);
    CHECK(length(Range(2000, 4096)) == 5);
    Indices one_hole = Range(0, 1000);
    one_hole.erase(one_hole.begin() + 500);
    CHECK(length(one_hole) == 5);
    CheckExact(one_hole);
}

TEST_CASE("4,096 members: all, one, holes") {
    CheckExact(Range(0, 4096));
    CheckExact({0});
    CheckExact({4095});
    Indices holed = Range(0, 4096);
    holed.erase(holed.begin());
    holed.erase(holed.begin() + 2000);
    holed.pop_back();
    CheckExact(holed);
    CheckExact(Range(0, 2000));
    CheckExact(Range(2096, 4096));
}

TEST_CASE("if the holes do not fit, the program does, and names active ones only") {
    Indices every_other;
    for (unsigned i = 0; i < 4096; i += 2)
        every_other.push_back(i);
    for (const Indices &active : {Range(0, 2048), Range(2048, 4096), Range(0, 2040), Range(0, 2050),
                                  Range(0, 2063), Range(0, 2064), Range(100, 2150), every_other}) {
        CAPTURE(active.size());
        CAPTURE(active.front());
        for (const Choice choice : {Choice::RANDOM, Choice::FLOW})
            CHECK(MakeProgram(choice, active).size() <= BPF_MAXINSNS);
        Indices chosen = Sorted(MapRanks(MakeProgram(Choice::RANDOM, active), active.size()));
        chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
        CHECK(chosen.size() >= 2000);
        CHECK(std::includes(active.begin(), active.end(), chosen.begin(), chosen.end()));
    }
}

TEST_CASE("FLOW: a source stays with one socket") {
    const Indices active = {1, 3, 4, 9, 11};
    const auto program = MakeProgram(Choice::FLOW, active);
    for (std::uint32_t client = 0; client < 200; client++) {
        const Packet v4 = Ipv4(0x0a000000 + client, static_cast<std::uint16_t>(40000 + client * 7));
        const auto first = Interpret(program, v4, 1);
        REQUIRE(first);
        CHECK(std::binary_search(active.begin(), active.end(), *first));
        CHECK(Interpret(program, v4, 99) == first); // chance has no part in it
        const Packet v6 = Ipv6(client, 40000);
        REQUIRE(Interpret(program, v6, 1));
        CHECK(Interpret(program, v6, 2) == Interpret(program, v6, 3));
    }
}

TEST_CASE("FLOW: neither destination nor payload matter, address and port do") {
    const auto program = MakeProgram(Choice::FLOW, Range(0, 1000));
    Packet packet = Ipv4(0x7f000001, 5000);
    const auto first = Interpret(program, packet, 0);
    packet[16] = 9;
    packet[23] = 9;
    packet.resize(200, 0xee);
    CHECK(Interpret(program, packet, 0) == first);
    CHECK(Interpret(program, Ipv4(0x7f000002, 5000), 0) != first);
    CHECK(Interpret(program, Ipv4(0x7f000001, 5001), 0) != first);
    CHECK(Interpret(program, Ipv6(1, 5000), 0) != Interpret(program, Ipv6(2, 5000), 0));
    CHECK(Interpret(program, Ipv6(1, 5000), 0) != Interpret(program, Ipv6(1, 5001), 0));
}

TEST_CASE("FLOW: neighbouring ports of one host, and hosts with one port, spread evenly") {
    for (const unsigned members : {2U, 3U, 4U, 7U, 8U}) {
        CAPTURE(members);
        const auto program = MakeProgram(Choice::FLOW, Range(0, members));
        constexpr unsigned FLOWS = 8000;
        const auto spread = [&](const auto &packet_of) {
            std::vector<unsigned> counts(members);
            for (std::uint32_t i = 0; i < FLOWS; i++)
                counts.at(Interpret(program, packet_of(i), 0).value_or(UINT32_MAX))++;
            const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
            return static_cast<double>(*most) / std::max(1.0, static_cast<double>(*least));
        };
        const auto port = [](std::uint32_t i) { return static_cast<std::uint16_t>(32768 + i); };
        const auto even_port = [](std::uint32_t i) {
            return static_cast<std::uint16_t>(32768 + 2 * i);
        };
        CHECK(spread([&](std::uint32_t i) { return Ipv4(0x7f000001, port(i)); }) < 1.3);
        CHECK(spread([&](std::uint32_t i) { return Ipv4(0x7f000001, even_port(i)); }) < 1.3);
        CHECK(spread([](std::uint32_t i) { return Ipv4(0x0a000000 + i, 5353); }) < 1.3);
        CHECK(spread([&](std::uint32_t i) { return Ipv6(1, port(i)); }) < 1.3);
        CHECK(spread([](std::uint32_t i) { return Ipv6(i, 5353); }) < 1.3);
    }
}
