// Every answer is the id of this process.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, os.Getpid())
	})
	log.Fatal(http.ListenAndServe(":"+os.Args[1], nil))
}
