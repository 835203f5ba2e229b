#include "balance/ClassicProgram.hxx"

#include <algorithm>

namespace balance {

namespace {

// The program as comments read it: A is the accumulator, X the index register (linux/filter.h).

constexpr unsigned GOLDEN = 0x9E3779B1; // 2^32 / golden ratio: spreads neighbouring inputs
constexpr std::size_t MOST_HOLES = (BPF_MAXINSNS - 32) / 2;

constexpr unsigned NETWORK = static_cast<unsigned>(SKF_NET_OFF);

class Builder {
public:
    void Add(unsigned code, unsigned k, std::size_t jump_true = 0, std::size_t jump_false = 0) {
        program.push_back({static_cast<__u16>(code), static_cast<__u8>(jump_true),
                           static_cast<__u8>(jump_false), k});
    }

    void LoadWord(unsigned offset) { Add(BPF_LD | BPF_W | BPF_ABS, offset); }
    void LoadHalf(unsigned offset) { Add(BPF_LD | BPF_H | BPF_ABS, offset); }
    void Arithmetic(unsigned operation, unsigned k) { Add(BPF_ALU | operation | BPF_K, k); }

    /** A ^= X, the value loaded before. */
    void XorX() { Add(BPF_ALU | BPF_XOR | BPF_X, 0); }
    void CopyToX() { Add(BPF_MISC | BPF_TAX, 0); }

    /** A = the high half of the product, which depends on every bit of A. */
    void Mix() {
        Arithmetic(BPF_MUL, GOLDEN);
        CopyToX();
        Arithmetic(BPF_RSH, 16);
        XorX();
    }

    std::vector<sock_filter> program;
};

/** A = a hash of the source's address and port, for IPv4 (header without options) and IPv6 (without
 *  extension headers): other packets of a flow are alike among themselves, and so is their hash. */
void AppendFlow(Builder &code) {
    code.Add(BPF_LD | BPF_B | BPF_ABS, NETWORK); // A = version and header length
    code.Arithmetic(BPF_RSH, 4);
    code.Add(BPF_JMP | BPF_JEQ | BPF_K, 6, 4, 0);
    code.LoadWord(NETWORK + 12); // IPv4: source
    code.CopyToX();
    code.LoadHalf(NETWORK + 20); // source port
    code.Add(BPF_JMP | BPF_JA, 3);
    code.LoadWord(NETWORK + 20); // IPv6: the last word of the source
    code.CopyToX();
    code.LoadHalf(NETWORK + 40);
    // A = port, X = address. Mixed first, so that ports that follow each other do not follow the
    // same order.
    code.Arithmetic(BPF_MUL, GOLDEN);
    code.XorX();
    code.Mix();
}

/** A row of indices that are not active. */
struct Hole {
    unsigned begin, size;
};

/** Those before an active one, ascending. */
std::vector<Hole> FindHoles(std::span<const unsigned> active) {
    std::vector<Hole> holes;
    unsigned next = 0;
    for (const unsigned index : active) {
        if (index != next)
            holes.push_back({next, index - next});
        next = index + 1;
    }
    return holes;
}

} // namespace

std::vector<sock_filter> MakeProgram(Choice choice, std::span<const unsigned> active) {
    std::vector<Hole> holes = FindHoles(active);
    if (holes.size() > MOST_HOLES) {
        const unsigned end = holes[MOST_HOLES].begin;
        active = active.first(static_cast<std::size_t>(
            std::lower_bound(active.begin(), active.end(), end) - active.begin()));
        holes.resize(MOST_HOLES);
    }

    Builder code;
    if (choice == Choice::FLOW)
        AppendFlow(code);
    else
        code.Add(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(SKF_AD_OFF + SKF_AD_RANDOM));
    code.Arithmetic(BPF_MOD, static_cast<unsigned>(active.size()));
    // A = the rank among the active ones. For each hole: if (A >= begin) A += size.
    for (const Hole &hole : holes) {
        code.Add(BPF_JMP | BPF_JGE | BPF_K, hole.begin, 0, 1);
        code.Arithmetic(BPF_ADD, hole.size);
    }
    code.Add(BPF_RET | BPF_A, 0);
    return std::move(code.program);
}

} // namespace balance
