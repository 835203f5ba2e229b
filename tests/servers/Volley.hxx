#pragma once

#include "harness/Harness.hxx"

#include <map>
#include <set>
#include <string>
#include <vector>

/**
 * Connections that are under way while a worker is killed. All that are not answered must have been
 * accepted by it: that is known, not guessed, as its processes are stopped and counted before they
 * are killed.
 */
class Volley {
    struct Request {
        harness::Connection connection;
        unsigned client_port;

        /** What is still to be sent. */
        std::string unsent;
        const char *opened;
    };

    std::string address, question;
    std::vector<Request> requests;

    /** The ports, at the client's end, of what the killed worker had accepted. */
    std::set<unsigned> held;

public:
    /** Where to go and what to ask. */
    Volley(std::string address_, std::string question_);

    /** Asks as many questions; `opened` says when, for messages. */
    void Ask(unsigned count, const char *opened);

    /** Asks only the first half of each, so that a server that accepts it has to keep it. */
    void AskHalves(unsigned count);
    void SendOtherHalves();

    /** Of those open how many each process has accepted; of several processes, itself and all below. */
    size_t CountHeld(pid_t worker) const;

    /** Stops a worker's processes, notes what they hold, kills its main process. Returns what was below it. */
    std::vector<pid_t> Kill(pid_t worker);

    struct Losses {
        /** How many were answered, and sentences about those that were not. */
        size_t answered = 0;
        std::vector<std::string> allowed, wrong;
    };

    /** Reads all replies. `is_answer` tells a success from what is cut off. */
    Losses Finish(const std::function<bool(const std::string &reply)> &is_answer);
};
