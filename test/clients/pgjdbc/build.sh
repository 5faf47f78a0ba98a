mvn --quiet --batch-mode org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies \
  -DincludeScope=compile -DoutputDirectory="$1" &&
  javac -cp "$1/*" -d "$1" ./*.java
