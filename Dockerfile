# syntax=docker/dockerfile:1

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY config ./config
COPY examples ./examples
# The cache is the one thing that is written; mount a volume here to keep it.
RUN mkdir .bucketgres && chown 1000:1000 .bucketgres
# The user node of the base image.
USER 1000
VOLUME ["/app/.bucketgres"]
EXPOSE 5433 8433
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8433/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The program handles SIGTERM itself and waits for its own child processes, so that it can be PID 1.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
