import java.nio.file.Path;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.graphdb.QueryExecutionException;

/** A Neo4j of one's own: HOME PORT; the password of the user neo4j comes from NEO4J_SECRET. Says `ready`, ends at SIGTERM. */
public class Neo4jServer {
  public static void main(String[] told) throws Exception {
    try {
      start(Path.of(told[0]), new SocketAddress("127.0.0.1", Integer.parseInt(told[1])), System.getenv("NEO4J_SECRET"));
    } catch (Exception error) {
      error.printStackTrace();
      System.exit(1); // or its threads would go on without it
    }
    System.out.println("ready");
    Thread.currentThread().join();
  }

  private static void start(Path home, SocketAddress door, String secret) {
    if (!secret.matches("[A-Za-z0-9_-]{8,}")) { // it is put into a statement: this one takes no parameter here
      throw new IllegalArgumentException("NEO4J_SECRET: letters, digits, - and _, eight or more");
    }
    var server = new DatabaseManagementServiceBuilder(home)
        .setConfig(BoltConnector.enabled, true)
        .setConfig(BoltConnector.listen_address, door)
        .setConfig(BoltConnector.advertised_address, door)
        .setConfig(GraphDatabaseSettings.auth_enabled, true)
        .setConfig(GraphDatabaseSettings.pagecache_memory, 512L << 20)
        .build();
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
    try {
      server.database("system").executeTransactionally("ALTER USER neo4j SET PASSWORD '" + secret + "' CHANGE NOT REQUIRED");
    } catch (QueryExecutionException error) {
      if (!error.getMessage().contains("cannot be the same")) { // as it is when this is not its first start
        throw error;
      }
    }
  }
}
