/** A project of three servers, each with a volume: the database is ready before the web server begins. */
export const composeFile = `
name: shop
services:
  web:
    image: services
    command: [nginx]
    depends_on:
      redis: { condition: service_started }
      db: { condition: service_healthy }
    ports: ["127.0.0.1::80"]
    networks: [front, back]
    volumes: ["pages:/srv/www"]
    labels: { tier: front }
    healthcheck:
      test: [CMD, bash, -c, "echo >/dev/tcp/127.0.0.1/80"]
      interval: 200ms
      retries: 1000
  redis:
    image: services
    command: [redis-server, --dir, /data, --appendonly, "yes", --protected-mode, "no"]
    networks: [back]
    volumes: ["cache:/data"]
  db:
    image: services
    user: "999:999"
    environment: { PGDATA: /var/lib/postgresql/data, PGUSER: postgres, LC_ALL: C }
    command:
      - bash
      - -ec
      - |
        export PATH="$$(echo /usr/lib/postgresql/*/bin):$$PATH"
        [ -s "$$PGDATA/PG_VERSION" ] || { initdb -A trust >/dev/null; echo "host all all all trust" >>"$$PGDATA/pg_hba.conf"; }
        exec postgres -k /tmp -h '*' -c jit=off -c fsync=off
    networks:
      back: { aliases: [database] }
    volumes: ["rows:/var/lib/postgresql"]
    shm_size: 128m
    healthcheck:
      test: [CMD-SHELL, "$$(echo /usr/lib/postgresql/*/bin)/pg_isready -h 127.0.0.1"]
      interval: 200ms
      retries: 1000
networks:
  front: {}
  back: { internal: true }
volumes:
  pages: {}
  cache: {}
  rows: {}
`;
