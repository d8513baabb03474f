module github.com/roomsecrets/roomsecret-operator

go 1.26.0
